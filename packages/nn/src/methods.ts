/** Adds methods to `Module` in the main entry point; `@tapegrad/nn/lean` has them as functions. */

import type { Tensor } from '@tapegrad/core/lean';
import { Module } from './module/module.ts';
import { type LoadOptions, type LoadReport, loadModule, type ModuleState, moduleState } from './module/module-state.ts';
import { withTensors } from './module/with-tensors.ts';

declare module './module/module.ts' {
  interface Module {
    /**
     * Returns a copy of the parameters and buffers as plain data, by path. A shared parameter or buffer appears once,
     * under its first path.
     */
    state(): ModuleState;

    /**
     * Replaces the elements of the parameters and buffers by those of a state. If the state can't be loaded, nothing
     * changes.
     *
     * The state may contain a shared parameter under any of its paths. It may also contain it under several paths with
     * the same elements, like tied weights in PyTorch's states. The elements may be in a typed array of any realm or
     * element type, or in an array of numbers, if the parameter's dtype can represent them.
     *
     * @returns The paths that are missing from the state, and those that the module lacks. Both lists are empty if
     * `strict` is set.
     * @throws ArgumentError if a path is missing or unknown, unless `strict` is false; ShapeError or DTypeError if a
     * tensor has another shape or dtype than the parameter or buffer.
     * @example
     * const trained = new Dense(4, 2);
     * const copy = new Dense(4, 2);
     * copy.load(trained.state());
     * copy.weight.equal(trained.weight).min().item(); // 1
     * copy.load({ bias: trained.state().bias! }, { strict: false }); // { missing: ['weight'], unexpected: [] }
     */
    load(state: ModuleState, options?: LoadOptions): LoadReport;

    /**
     * Runs a function while tensors replace the parameters and buffers at given paths, in this module and its
     * submodules. So a model can be used as a function of its parameters, which `grad` and other transforms need. The
     * function must not be asynchronous.
     *
     * While training, some layers update a variable, such as running statistics. The replacement of such a variable
     * must be a buffer: `{ runningMean: buffer(zeros([4])) }`. The layer then updates that buffer, as with PyTorch's
     * `functional_call`.
     *
     * @throws ArgumentError if a path is unknown or can't be replaced, ShapeError or DTypeError if a tensor has another
     * shape or dtype than the one it replaces.
     * @example
     * const layer = new Dense(2, 1);
     * layer.withTensors({ weight: ones([2, 1]), bias: zeros([1]) }, () => layer.forward(tensor([[1, 2]])).item()); // 3
     */
    withTensors<R>(tensors: Readonly<Record<string, Tensor>>, body: () => R): R;
  }
}

const methods: Pick<Module, 'state' | 'load' | 'withTensors'> & ThisType<Module> = {
  state() {
    return moduleState(this);
  },
  load(state, options) {
    return loadModule(this, state, options);
  },
  withTensors(tensors, body) {
    return withTensors(this, tensors, body);
  },
};

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Module.prototype, name, { value, writable: true, configurable: true });
}
