/** All extensions, for complete interpreters. */

import type { KernelExtension } from '../wasm/extension.ts';
import { normalizationExtension } from '../wasm/normalization/extension.ts';
import { windowedExtension } from '../wasm/windowed/extension.ts';
import { cumulativeExtension, elementProductExtension, indexingExtension, orderingExtension } from './loops.ts';
import { nearZeroExtension } from './near-zero.ts';
import { powerExtension } from './power.ts';
import { roundingExtension } from './rounding.ts';
import { specialExtension } from './special.ts';
import { trigonometricExtension } from './trigonometric.ts';

export const allExtensions: readonly KernelExtension[] = [
  windowedExtension,
  powerExtension,
  trigonometricExtension,
  specialExtension,
  elementProductExtension,
  orderingExtension,
  indexingExtension,
  cumulativeExtension,
  nearZeroExtension,
  normalizationExtension,
  roundingExtension,
];
