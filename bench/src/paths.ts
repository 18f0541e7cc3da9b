/** Paths, relative to the compiled program. */

const bench = new URL('../', import.meta.url);

export const paths = {
  bench,
  worker: new URL('dist/worker.js', bench),
  frameworks: new URL('dist/', bench),
  peers: new URL('peers/', bench),
  peerFrameworks: new URL('peers/dist/', bench),
  pytorchWorker: new URL('peers/pytorch/worker.py', bench),
  expected: new URL('fixtures/expected.json', bench),
  results: new URL('results/', bench),
} as const;
