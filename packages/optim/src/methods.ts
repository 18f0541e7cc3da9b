/** Adds methods to `Optimizer` in the main entry point; `@tapegrad/optim/lean` has them as functions. */

import { Optimizer } from './optimizer.ts';
import { loadOptimizer, type OptimizerState, optimizerState } from './optimizer-state.ts';
import type { OptimizerOptions } from './options.ts';
import type { State } from './state.ts';

declare module './optimizer.ts' {
  interface Optimizer<Options extends OptimizerOptions = OptimizerOptions, S extends State = State> {
    /**
     * Returns a copy of the optimizer's state as plain data. Together with the parameters, it contains everything
     * needed to resume training.
     */
    state(): OptimizerState<Options, S>;

    /**
     * Resumes from a saved state of an optimizer with the same parameters in the same groups, and adopts the saved
     * options. If the state can't be loaded, nothing changes.
     *
     * @throws ArgumentError, ShapeError or DTypeError if the state does not match the optimizer.
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
