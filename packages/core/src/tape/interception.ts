/** Interceptors, which see operations before they run. */

import { checkSynchronous, DynamicScope } from '@tapegrad/kernels';
import { checkFunction, checkNoMore } from '../checks/untyped-callers.ts';
import type { AnyRecorded, Op, Recorded } from './entry.ts';

/** An operation that can be intercepted. The operations inside a checkpoint are intercepted individually. */
type Interceptable = Exclude<Op, 'checkpoint'>;

/** An operation that is about to run: a primitive, or `custom`. */
export interface OperationCall<T extends AnyRecorded = Recorded> {
  readonly op: Interceptable;
  readonly inputs: readonly T[];
  /** The plain data that the operation takes besides its inputs, or `CustomAttributes` for `custom`. */
  readonly attributes: unknown;
  /** Runs the operation without this interceptor. The inputs default to its own. */
  run(inputs?: readonly T[]): T;
}

/** Returns an operation's result: that of `call.run()`, or any other. */
export type Interceptor<T extends AnyRecorded = Recorded> = (call: OperationCall<T>) => T;

/** An interceptor, and the installation that was active when it was installed. */
interface Installation {
  readonly interceptor: Interceptor;
  readonly outer: Installation | undefined;
}

const innermost = new DynamicScope<Installation | undefined>(undefined);

/** Returns whether any interceptor is active. */
export const isIntercepted = (): boolean => innermost.current !== undefined;

/**
 * Runs an operation through the innermost interceptor, if there is one. Operations that it runs itself go to the next one
 * out.
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
 * Runs `body`, which must not be asynchronous, while an interceptor sees every operation on tensors. It may count them, for
 * example, or run something else in their place. The interceptor installed last sees a call first; the operations it runs
 * go to the one installed before it.
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
