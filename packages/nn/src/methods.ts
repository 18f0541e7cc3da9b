/** Adds to `Module` the methods of the main entry point that `@tapegrad/nn/lean` has as functions. */

import type { Tensor } from '@tapegrad/core/lean';
import { Module } from './module/module.ts';
import { type LoadOptions, type LoadReport, loadModule, type ModuleState, moduleState } from './module/module-state.ts';
import { withTensors } from './module/with-tensors.ts';

declare module './module/module.ts' {
  interface Module {
    /**
     * Returns a copy of the parameters and buffers as plain data, by path. Shared ones appear once, under their first path.
     */
    state(): ModuleState;

    /**
     * Replaces the elements of the parameters and buffers by those of a state. If the state does not fit, nothing changes.
     *
     * A shared parameter may be in the state under any of its paths, or under several with the same elements, like tied
     * weights in PyTorch's states. Elements may also be from another realm, an array of numbers, or another typed array, if
     * the dtype can represent them.
     *
     * @returns the paths missing from the state, and those that the module lacks; both are empty if `strict`
     * @throws ArgumentError if a path is missing or unknown, unless `strict` is false; ShapeError or DTypeError if a tensor
     * differs.
     * @example
     * const trained = new Dense(4, 2);
     * const copy = new Dense(4, 2);
     * copy.load(trained.state());
     * copy.weight.equal(trained.weight).min().item(); // 1
     * copy.load({ bias: trained.state().bias! }, { strict: false }); // { missing: ['weight'], unexpected: [] }
     */
    load(state: ModuleState, options?: LoadOptions): LoadReport;

    /**
     * Runs a function while tensors replace the parameters and buffers with given paths, in this module and its submodules.
     * This makes functions of the parameters, as `grad` and similar transforms take. The function must not be asynchronous.
     *
     * If a layer updates a variable while training, such as running statistics, its replacement must be a buffer:
     * `{ runningMean: buffer(zeros([4])) }`. The layer updates that buffer, as with PyTorch's `functional_call`.
     *
     * @throws ArgumentError if a path is unknown or can't be replaced, ShapeError or DTypeError if a tensor differs from the
     * one it replaces.
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
