/** The main entry point: the classes and functions of `lean.ts`, and every method of `Module`. */

import './methods.ts';

// biome-ignore lint/performance/noReExportAll: The two entry points have the same names.
export * from './lean.ts';
