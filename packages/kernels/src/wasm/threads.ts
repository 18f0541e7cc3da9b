/** What only a program with enough work for several threads runs: loaded apart from the rest, where that can be. */

import { BinaryTasks } from './binary-tasks.ts';
import { Crew } from './crew.ts';
import { ProductTasks } from './product-tasks.ts';
import { ReductionTasks } from './reduction-tasks.ts';
import { UnaryTasks } from './unary-tasks.ts';

// An object of our own: for a module as a value, a bundler writes one file more.
export const threads = { BinaryTasks, Crew, ProductTasks, ReductionTasks, UnaryTasks };

export type Threads = typeof threads;
