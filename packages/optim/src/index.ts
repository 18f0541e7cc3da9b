/** The main entry point: the classes and functions of `lean.ts`, and every method of `Optimizer`. */

import './methods.ts';

// biome-ignore lint/performance/noReExportAll: The two entry points have the same names.
export * from './lean.ts';
