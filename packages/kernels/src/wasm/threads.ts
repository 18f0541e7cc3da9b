/** What only a program with enough work for several threads runs: loaded apart from the rest, where that can be. */

export { Crew } from './crew.ts';
export { ProductTasks } from './product-tasks.ts';
export { UnaryTasks } from './unary-tasks.ts';
