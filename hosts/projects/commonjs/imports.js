/** Trains in a file of JavaScript with imports, in a project that does not say that its files are modules. */

import { main } from './program.mjs';

console.log(JSON.stringify(await main()));
