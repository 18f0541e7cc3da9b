/** Who sees an operation before it runs. */

import { checkSynchronous, DynamicScope } from '@tapegrad/kernels';
import { checkFunction, checkNoMore } from '../checks/untyped-callers.ts';
import type { AnyRecorded, Op, Recorded } from './entry.ts';

/** An operation that can be intercepted; what a checkpoint runs is seen one by one. */
type Interceptable = Exclude<Op, 'checkpoint'>;

/** An operation that is about to run: a primitive, or `custom`. */
export interface OperationCall<T extends AnyRecorded = Recorded> {
  readonly op: Interceptable;
  readonly inputs: readonly T[];
  /** The plain data that the operation takes beside its inputs; `CustomAttributes` where it is no primitive. */
  readonly attributes: unknown;
  /** Runs the operation as if nobody had intercepted it here, on its own inputs unless others are given. */
  run(inputs?: readonly T[]): T;
}

/** Gives an operation's result: what `call.run()` gives, or anything else. */
export type Interceptor<T extends AnyRecorded = Recorded> = (call: OperationCall<T>) => T;

/** An interceptor, and what was in force when it was installed. */
interface Layer {
  readonly interceptor: Interceptor;
  readonly outer: Layer | undefined;
}

const innermost = new DynamicScope<Layer | undefined>(undefined);

/** Whether anyone wants to see what runs. */
export const isIntercepted = (): boolean => innermost.current !== undefined;

/** Lets the innermost interceptor, if there is one, run an operation; what it runs itself goes on to the next one out. */
export function throughInterceptors<T extends AnyRecorded>(
  op: Interceptable,
  inputs: readonly T[],
  attributes: unknown,
  run: (inputs: readonly T[]) => T,
): T {
  const layer = innermost.current;
  if (layer === undefined) return run(inputs);
  const call: OperationCall<T> = {
    op,
    inputs,
    attributes,
    run: (others = inputs) => throughInterceptors(op, others, attributes, run),
  };
  const result = innermost.run(layer.outer, () => (layer.interceptor as unknown as Interceptor<T>)(call));
  return checkSynchronous('intercept', result, 'an interceptor');
}

/**
 * Runs `body`, which must not be asynchronous, while an interceptor sees every operation that runs on tensors: to count
 * them, say, or to run something else in their place. Of several, the one installed last sees a call first, and what it
 * runs goes on to the one before.
 *
 * @example
 * const ops: string[] = [];
 * const listed = intercept(
 *   (call) => {
 *     ops.push(call.op);
 *     return call.run();
 *   },
 *   () => ones([2, 3]).mul(2).exp(),
 * );
 * ops; // ['mul', 'exp']
 */
export function intercept<T extends AnyRecorded, R>(interceptor: Interceptor<T>, body: () => R, ...more: []): R {
  checkNoMore('intercept', more);
  checkFunction('intercept', interceptor);
  checkFunction('intercept', body);
  const layer = { interceptor: interceptor as unknown as Interceptor, outer: innermost.current };
  return innermost.run(layer, body, 'intercept');
}
