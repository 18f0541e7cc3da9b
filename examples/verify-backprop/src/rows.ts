/** All rows, in the order of the theory. */

import { backward } from './backward.ts';
import { forward } from './forward.ts';
import { losses } from './losses.ts';
import type { Row } from './row.ts';
import { training } from './training.ts';
import { updates } from './updates.ts';

export const rows: readonly Row[] = [...forward, ...training, ...losses, ...backward, ...updates];
