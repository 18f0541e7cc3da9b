/** Turns the recording of operations on and off. */

import { DynamicScope } from '@tapegrad/kernels';
import { checkFunction, checkNoMore } from '../checks/untyped-callers.ts';

const recording = new DynamicScope(true);

/** Returns whether primitives are being recorded. */
export const isRecording = (): boolean => recording.current;

/** Runs `body` with recording on or off, and then restores the previous state, even if `body` throws. */
export const withRecording = <R>(on: boolean, body: () => R): R => recording.run(on, body);

/**
 * Runs a function without recording, so that no gradient flows through its results. The function must not be
 * asynchronous, since recording would resume before it ends.
 *
 * @example
 * const w = parameter(ones([2]));
 * noGrad(() => w.mul(2)).requiresGrad; // false
 */
export function noGrad<R>(body: () => R, ...more: []): R {
  checkNoMore('noGrad', more);
  checkFunction('noGrad', body);
  return recording.run(false, body, 'noGrad');
}
