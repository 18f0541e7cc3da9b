/** The main entry point: the functions and classes of `lean.ts`, and every method of `Tensor`. */

import './methods.ts';

// biome-ignore lint/performance/noReExportAll: The two entry points have the same names.
export * from './lean.ts';
