/** TensorFlow.js on plain JavaScript. */

import type { Framework } from 'tapegrad-bench/protocol';
import { programs, select } from './framework.ts';

export const framework: Framework = { start: () => select('cpu'), programs };
