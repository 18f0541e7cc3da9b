/** What only a program with enough work for several threads runs: loaded apart from the rest, where that can be. */

export { BinaryTasks } from './binary-tasks.ts';
export { Crew } from './crew.ts';
export { ProductTasks } from './product-tasks.ts';
export { ReductionTasks } from './reduction-tasks.ts';
export { UnaryTasks } from './unary-tasks.ts';
