/** Trains on the server. */

import { main } from './program.mjs';

console.log(JSON.stringify(await main()));
