export default {
  // All packages of tapegrad, or none: two copies of one don't know each other's tensors.
  ssr: { noExternal: [/^@tapegrad\//] },
};
