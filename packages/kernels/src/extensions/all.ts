/** All extensions, for complete interpreters. */

import type { KernelExtension } from '../wasm/extension.ts';
import { windowedExtension } from '../wasm/windowed/extension.ts';
import { elementProductExtension, orderingExtension } from './loops.ts';
import { powerExtension } from './power.ts';
import { specialExtension } from './special.ts';
import { trigonometricExtension } from './trigonometric.ts';

export const allExtensions: readonly KernelExtension[] = [
  windowedExtension,
  powerExtension,
  trigonometricExtension,
  specialExtension,
  elementProductExtension,
  orderingExtension,
];
