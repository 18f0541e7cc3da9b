/** Creates methods from primitives, and adds methods to a class. */

import type { binary, comparisons, unary } from '@tapegrad/kernels';
import { operand } from '../checks/operands.ts';
import type { Tensor } from './class.ts';
import { kernels } from './kernels.ts';

/** Creates methods from elementwise primitives with one operand. */
export const unaryMethods = <P extends keyof typeof unary & keyof Tensor>(names: readonly P[]): Pick<Tensor, P> =>
  methodsOf(names, (name) => {
    const run = kernels[name];
    return function (this: Tensor) {
      return run(this);
    };
  });

/** Creates methods from elementwise primitives with two operands. The second operand may be a number. */
export const binaryMethods = <P extends keyof (typeof binary & typeof comparisons) & keyof Tensor>(
  names: readonly P[],
): Pick<Tensor, P> =>
  methodsOf(names, (name) => {
    const run = kernels[name];
    return function (this: Tensor, y: unknown) {
      return run(this, operand(name, this, y));
    };
  });

const methodsOf = <P extends keyof Tensor>(names: readonly P[], make: (name: P) => unknown): Pick<Tensor, P> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Pick<Tensor, P>;

/** Adds methods to a class. They get the same property attributes as methods declared in the class. */
export function addMethods(prototype: object, methods: object): void {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
