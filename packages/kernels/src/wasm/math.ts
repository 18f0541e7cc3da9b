/** The elementary functions by the name of their primitive, for the kernels that apply them to every element. */

import { exp, expm1, sigmoid, tanh } from './math-exponential.ts';
import { log } from './math-logarithm.ts';

export const mathFunctions = { exp, expm1, log, sigmoid, tanh } as const;
