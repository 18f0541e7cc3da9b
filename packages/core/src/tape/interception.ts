/** Interceptors, which receive operations before they run. */

import { checkSynchronous, DynamicScope } from '@tapegrad/kernels';
import { checkFunction, checkNoMore } from '../checks/untyped-callers.ts';
import type { AnyRecorded, Op, Recorded } from './entry.ts';

/**
 * The kinds of operations that can be intercepted. A checkpoint can't, but the operations inside it are intercepted
 * individually.
 */
type Interceptable = Exclude<Op, 'checkpoint'>;

/** An operation that is about to run: a primitive, or `custom`. */
export interface OperationCall<T extends AnyRecorded = Recorded> {
  readonly op: Interceptable;
  readonly inputs: readonly T[];
  /** The plain data that the operation receives besides its inputs, or `CustomAttributes` for `custom`. */
  readonly attributes: unknown;
  /** Runs the operation without this interceptor. The inputs default to those of the call. */
  run(inputs?: readonly T[]): T;
}

/** Returns the result of an operation: that of `call.run()`, or any other tensor. */
export type Interceptor<T extends AnyRecorded = Recorded> = (call: OperationCall<T>) => T;

/** An interceptor, and the next one out: the installation that was active when this one was made. */
interface Installation {
  readonly interceptor: Interceptor;
  readonly outer: Installation | undefined;
}

const innermost = new DynamicScope<Installation | undefined>(undefined);

/** Returns whether any interceptor is active. */
export const isIntercepted = (): boolean => innermost.current !== undefined;

/**
 * Runs an operation through the innermost interceptor, if there is one. Operations that the interceptor itself runs go
 * to the next one out.
 */
export function throughInterceptors<T extends AnyRecorded>(
  op: Interceptable,
  inputs: readonly T[],
  attributes: unknown,
  run: (inputs: readonly T[]) => T,
): T {
  const installation = innermost.current;
  if (installation === undefined) return run(inputs);
  const call: OperationCall<T> = {
    op,
    inputs,
    attributes,
    run: (others = inputs) => throughInterceptors(op, others, attributes, run),
  };
  const result = innermost.run(installation.outer, () => (installation.interceptor as unknown as Interceptor<T>)(call));
  return checkSynchronous('intercept', result, 'an interceptor');
}

/**
 * Runs `body` with an interceptor, which receives every operation on tensors before it runs. The interceptor may count
 * operations, for example, or run something else in their place. Of several interceptors, the one installed last
 * receives an operation first. The operations that an interceptor runs go to the one installed before it. `body` must
 * not be asynchronous.
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
  const installation = { interceptor: interceptor as unknown as Interceptor, outer: innermost.current };
  return innermost.run(installation, body, 'intercept');
}
