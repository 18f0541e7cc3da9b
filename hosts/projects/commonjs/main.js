/** Trains in a project of CommonJS: a package of modules can be required. */

const { deserialize, serialize } = require('node:v8');
const { tensor } = require('@tapegrad/core');

if (tensor([1, 2]).mul(2).toArray().join() !== '2,4') throw new Error('a required tensor computes otherwise');

import('./program.mjs').then(async ({ main }) => {
  console.log(JSON.stringify(await main((checkpoint) => deserialize(serialize(checkpoint)))));
});
