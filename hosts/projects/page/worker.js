/** Trains in a worker, so that the page stays free to draw. */

import { main } from './program.mjs';
import { saveAndRead } from './storage.mjs';

postMessage(await main(saveAndRead));
