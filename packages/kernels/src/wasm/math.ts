/** The elementary functions by the name of their primitive, for the kernels that apply them to every element. */

import { exp, expm1, sigmoid, tanh } from './math-exponential.ts';
import { log, log1p, softplus } from './math-logarithm.ts';

export const mathFunctions = { exp, expm1, log, log1p, sigmoid, softplus, tanh } as const;
