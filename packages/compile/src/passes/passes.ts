/** The passes that simplify a program, whichever engine runs it. */

import type { Kernels, NdArray } from '@tapegrad/kernels';
import type { Program } from '../program/program.ts';
import { withoutCommonSubexpressions } from './common-subexpressions.ts';
import { withFoldedConstants } from './constants.ts';
import { withoutDeadCode } from './dead-code.ts';

/** Returns a program that computes the same bits with fewer steps. */
export const simplified = (program: Program, kernels: Kernels<NdArray>): Program =>
  withoutDeadCode(withFoldedConstants(withoutCommonSubexpressions(program), kernels));
