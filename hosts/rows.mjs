/** Every host that tapegrad is tried in, in the order of the table in docs/hosts.md. */

import { bundlers } from './rows/bundlers.mjs';
import { compilers } from './rows/compilers.mjs';
import { engines } from './rows/engines.mjs';
import { managers } from './rows/managers.mjs';
import { pages } from './rows/pages.mjs';
import { testRunners } from './rows/test-runners.mjs';

/**
 * The rows by kind. Rows of one kind share folders, and run one after another.
 *
 * @type {readonly (readonly import('./rows/row.mjs').Row[])[]}
 */
export const kinds = [engines, pages, bundlers, testRunners, managers, compilers];

export const rows = kinds.flat();
