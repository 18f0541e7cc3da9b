/** Adds to `Optimizer` the methods of the main entry point that `@tapegrad/optim/lean` has as functions. */

import { Optimizer } from './optimizer.ts';
import { loadOptimizer, type OptimizerState, optimizerState } from './optimizer-state.ts';
import type { OptimizerOptions } from './options.ts';
import type { State } from './state.ts';

declare module './optimizer.ts' {
  interface Optimizer<Options extends OptimizerOptions = OptimizerOptions, S extends State = State> {
    /** Returns a copy of the optimizer's state as plain data: with the parameters, all that is needed to resume from here. */
    state(): OptimizerState<Options, S>;

    /**
     * Resumes from the state of an optimizer of the same parameters in the same groups, and adopts its options. If the state
     * does not fit, nothing changes.
     *
     * @throws ArgumentError, ShapeError or DTypeError if the state does not fit.
     */
    load(state: OptimizerState<Options>): void;
  }
}

const methods: Pick<Optimizer, 'state' | 'load'> & ThisType<Optimizer> = {
  state() {
    return optimizerState(this);
  },
  load(state) {
    loadOptimizer(this, state);
  },
};

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Optimizer.prototype, name, { value, writable: true, configurable: true });
}
