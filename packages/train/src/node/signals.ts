/** Ctrl-C: the first ends a run after its step, the second the program at once. */

import type { Hooks, Running } from '../trainer/hooks.ts';

type Signal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/** The exit codes of programs that a signal ends. */
const EXIT_CODES: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Stops a run at the first SIGINT (Ctrl-C) or SIGTERM, after the current step. The program's exit code is then that of the
 * signal. The second signal ends the program at once.
 *
 * @param onSignal called when the first signal arrives
 * @example
 * const hooks = [stopOnSignals()];
 */
export function stopOnSignals(onSignal: (signal: Signal) => void = () => {}): Hooks {
  let trainer: Running | undefined;
  // Without a listener, a signal ends the program, even while it computes.
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
