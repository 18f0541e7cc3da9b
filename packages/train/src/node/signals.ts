/** Handles Ctrl-C: the first one ends a run after the current step, the second one ends the program immediately. */

import type { Hooks, Running } from '../trainer/hooks.ts';

type Signal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/** The exit codes of programs that a signal ends. */
const EXIT_CODES: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Stops a run after the current step when the first SIGINT (Ctrl-C) or SIGTERM arrives. The exit code of the program is
 * then the usual one for the signal. The second signal ends the program immediately.
 *
 * @param onSignal called when the first signal arrives
 * @example
 * const hooks = [stopOnSignals()];
 */
export function stopOnSignals(onSignal: (signal: Signal) => void = () => {}): Hooks {
  let trainer: Running | undefined;
  // Once the listener is removed, the next signal ends the program, even during a computation.
  const removeAll = (): void => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      removeAll();
      process.exitCode = EXIT_CODES[signal];
      trainer?.stop();
      onSignal(signal);
    };
    return [signal, listener] as const;
  });
  return {
    onStart(event) {
      trainer = event.trainer;
      for (const [signal, listener] of listeners) process.on(signal, listener);
    },
    onEnd: removeAll,
    onError: removeAll,
  };
}
