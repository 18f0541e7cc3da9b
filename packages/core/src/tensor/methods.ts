/** Makes methods from primitives, and adds methods to the class. */

import type { binary, comparisons, unary } from '@tapegrad/kernels';
import { operand } from '../checks/operands.ts';
import type { Tensor } from './class.ts';
import { kernels } from './kernels.ts';

/** Makes methods from elementwise primitives with one operand. */
export const unaryMethods = <P extends keyof typeof unary & keyof Tensor>(names: readonly P[]): Pick<Tensor, P> =>
  methodsOf(names, (name) => {
    const run = kernels[name];
    return function (this: Tensor) {
      return run(this);
    };
  });

/** Makes methods from elementwise primitives with two operands, of which the second may be a number. */
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

/** Adds methods to a class, with the same property attributes as declared ones. */
export function addMethods(prototype: object, methods: object): void {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
