/** Trains in workerd, on a request. */

import { main } from './program.mjs';

export default {
  async fetch() {
    return Response.json(await main());
  },
};
