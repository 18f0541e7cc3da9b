export default {
  ssr: { noExternal: ['@tapegrad/core'] },
};
