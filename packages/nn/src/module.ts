/** What a part of a model is. */

import {
  ArgumentError,
  Buffer,
  checkSynchronous,
  type Data,
  type DType,
  DTypeError,
  formatShape,
  noGrad,
  Parameter,
  type Shape,
  ShapeError,
  sameShape,
  Tensor,
  Variable,
  zeros,
} from '@tapegrad/core';
import { formatCount, formatTable } from './table.ts';

/** A parameter's or a buffer's elements as plain data, in row-major order. */
export interface TensorState {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Data;
}

/** The parameters and buffers of a module as plain data, by path. */
export type ModuleState = Readonly<Record<string, TensorState>>;

export interface DescribeOptions {
  /** An input, or the shape of one of zeros, to run through the module, so that the table tells the output shapes. */
  readonly input?: Shape | Tensor;
}

/** A module that `describe` can run. */
interface Runnable {
  forward(x: Tensor): unknown;
}

const isRunnable = (module: object): module is Runnable => typeof (module as Partial<Runnable>).forward === 'function';

/** Where a module holds something: a field of it, or an entry of an array or plain object there. */
interface Place {
  readonly group: object;
  readonly name: string;
  readonly path: string;
  readonly value: Variable | Module;
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Arrays and plain objects: what parameters, buffers and modules may be grouped in. */
function isGroup(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * A part of a model: parameters, which are trained, buffers, which are not (running statistics, say), other modules, and
 * usually a `forward` that computes with them.
 *
 * Its parameters, buffers and modules are found in its public fields, and in arrays and plain objects there. A path names
 * each: `encoder.0.weight` is the field `weight` of the first module in the field `encoder`. What is found twice counts
 * once, under its first path. Private `#fields` can't be seen.
 *
 * A `forward` that updates a buffer asks `isRecomputing` of core first: a `checkpoint` runs it twice.
 *
 * @example
 * class Gate extends Module {
 *   readonly inner = new Dense(8, 8);
 *   readonly scale = parameter(ones([8]));
 *
 *   forward(x: Tensor): Tensor {
 *     return this.inner.forward(x).sigmoid().mul(this.scale).mul(x);
 *   }
 * }
 * [...new Gate().namedParameters().keys()]; // ['scale', 'inner.weight', 'inner.bias']
 */
export abstract class Module {
  #training = true;

  /** Whether the module is being trained: layers such as dropout behave otherwise in use. */
  get training(): boolean {
    return this.#training;
  }

  /** Sets this module and all in it to training, as they are at first. */
  train(): this {
    return this.#setTraining(true);
  }

  /** Sets this module and all in it to evaluation. */
  eval(): this {
    return this.#setTraining(false);
  }

  #setTraining(training: boolean): this {
    for (const module of this.modules().values()) module.#training = training;
    return this;
  }

  /** Where to look for parameters, buffers and modules: in the fields, unless a subclass says otherwise. */
  protected members(): object {
    return this;
  }

  /** Where this module itself holds parameters, buffers and modules. */
  #places(): Place[] {
    const places: Place[] = [];
    const seen = new Set<object>();
    const search = (group: object, prefix: string): void => {
      if (seen.has(group)) return;
      seen.add(group);
      for (const [name, value] of Object.entries(group)) {
        const path = join(prefix, name);
        if (value instanceof Variable || value instanceof Module) places.push({ group, name, path, value });
        else if (isGroup(value)) search(value, path);
      }
    };
    search(this.members(), '');
    return places;
  }

  /** The parameters, buffers and modules that this module itself holds, by path. */
  #held(): Map<string, Variable | Module> {
    return new Map(this.#places().map(({ path, value }) => [path, value]));
  }

  /** The modules that this module itself holds, by path. */
  children(): Map<string, Module> {
    return new Map([...this.#held()].filter((entry): entry is [string, Module] => entry[1] instanceof Module));
  }

  /** This module, under the empty path, and all modules in it, by path, each before those in it. */
  modules(): Map<string, Module> {
    const paths = new Map<Module, string>();
    const visit = (module: Module, path: string): void => {
      if (paths.has(module)) return;
      paths.set(module, path);
      for (const [name, child] of module.children()) visit(child, join(path, name));
    };
    visit(this, '');
    return new Map([...paths].map(([module, path]) => [path, module]));
  }

  /** The parameters and buffers of this module and of all in it, by path. */
  #namedVariables(): Map<string, Variable> {
    const paths = new Map<Variable, string>();
    for (const [path, module] of this.modules()) {
      for (const [name, value] of module.#held()) {
        if (value instanceof Variable && !paths.has(value)) paths.set(value, join(path, name));
      }
    }
    for (const [variable, path] of paths) if (!variable.name.endsWith(`.${path}`)) variable.name = path;
    return new Map([...paths].map(([variable, path]) => [path, variable]));
  }

  /**
   * The parameters of this module and of all in it, by path. Each is given its path as its name, unless it has a longer
   * one that ends so, from a module around this one.
   */
  namedParameters(): Map<string, Parameter> {
    return new Map([...this.#namedVariables()].filter((entry) => entry[1] instanceof Parameter));
  }

  /** The buffers of this module and of all in it, by path; named as parameters are. */
  namedBuffers(): Map<string, Buffer> {
    return new Map([...this.#namedVariables()].filter((entry) => entry[1] instanceof Buffer));
  }

  /** The parameters of this module and of all in it: what an optimizer takes. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** How many numbers the parameters hold. */
  get parameterCount(): number {
    return this.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
  }

  /** A copy of the parameters and buffers as plain data, by path. */
  state(): ModuleState {
    const state: Record<string, TensorState> = {};
    for (const [path, { shape, dtype, data }] of this.#namedVariables()) {
      state[path] = { shape: [...shape], dtype, data: data.slice() };
    }
    return state;
  }

  /**
   * Replaces the parameters and buffers by those of a state. Where the state does not fit, nothing is replaced.
   *
   * @throws ArgumentError where a path is missing or unknown, ShapeError or DTypeError where a tensor differs.
   * @example
   * const trained = new Dense(4, 2);
   * const copy = new Dense(4, 2);
   * copy.load(trained.state());
   * copy.weight.equal(trained.weight).min().item(); // 1
   */
  load(state: ModuleState): void {
    const variables = this.#namedVariables();
    for (const [path, variable] of variables) checkState(path, variable, state[path]);
    for (const path of Object.keys(state)) checkPath('load', path, variables);
    for (const [path, variable] of variables) variable.update((elements) => elements.set(state[path]!.data));
  }

  /**
   * Runs a function while tensors stand in the place of the parameters and buffers of their paths, in this module and all in
   * it: for functions of the parameters, which `grad` and its like take. It must not be asynchronous.
   *
   * @throws ArgumentError where a path is unknown, ShapeError or DTypeError where a tensor differs from what it stands for.
   * @example
   * const layer = new Dense(2, 1);
   * layer.withTensors({ weight: ones([2, 1]), bias: zeros([1]) }, () => layer.forward(tensor([[1, 2]])).item()); // 3
   */
  withTensors<R>(tensors: Readonly<Record<string, Tensor>>, body: () => R): R {
    const variables = this.#namedVariables();
    const replacements = new Map<unknown, Tensor>();
    for (const [path, tensor] of Object.entries(tensors)) {
      const variable = checkPath('withTensors', path, variables);
      checkLike('withTensors', path, variable, tensor);
      replacements.set(variable, tensor);
    }
    const places = [...this.modules().values()]
      .flatMap((module) => module.#places())
      .filter(({ value }) => replacements.has(value));
    try {
      for (const { group, name, value } of places) Reflect.set(group, name, replacements.get(value));
      return checkSynchronous('withTensors', body());
    } finally {
      for (const { group, name, value } of places) Reflect.set(group, name, value);
    }
  }

  /**
   * A table of the modules in this one: path, kind, output shape where an `input` is given, and how many numbers the
   * parameters of each hold, those of the modules in it included. A parameter beside modules has a row of its own.
   *
   * @example
   * new Sequential(new Dense(784, 256), new ReLU()).describe({ input: [64, 784] });
   * // layer  kind                  output     parameters
   * // --------------------------------------------------
   * // 0      Dense(784, 256)       [64, 256]     200,960
   * // 1      ReLU()                [64, 256]           0
   * // --------------------------------------------------
   * // total  Sequential(2 layers)  [64, 256]     200,960
   */
  describe({ input }: DescribeOptions = {}): string {
    const outputs = input === undefined ? undefined : this.#outputShapes(input);
    const row = (label: string, kind: string, output: Shape | undefined, count: number): string[] => {
      const shape = outputs === undefined ? [] : [output === undefined ? '' : formatShape(output)];
      return [label, kind, ...shape, formatCount(count)];
    };
    const moduleRow = (label: string, module: Module): string[] =>
      row(label, module.toString(), outputs?.get(module), module.parameterCount);

    const rows: string[][] = [];
    for (const [path, module] of this.modules()) {
      if (module !== this) rows.push(moduleRow(path, module));
      if (module.children().size === 0) continue;
      for (const [name, held] of module.#held()) {
        if (held instanceof Parameter) {
          rows.push(row(join(path, name), `Parameter(${held.shape.join(', ')})`, undefined, held.size));
        }
      }
    }
    const head = ['layer', 'kind', ...(outputs === undefined ? [] : ['output']), 'parameters'];
    return formatTable(head, rows, moduleRow('total', this));
  }

  /** The shape of the tensor that each module gives in one evaluation of this one. */
  #outputShapes(input: Shape | Tensor): Map<Module, Shape> {
    if (!isRunnable(this)) throw new ArgumentError(`describe: ${this} has no forward to give the input to`);
    const [first] = this.parameters();
    const x = input instanceof Tensor ? input : zeros(input, first === undefined ? {} : { dtype: first.dtype });

    const outputs = new Map<Module, Shape>();
    const modules = [...this.modules().values()];
    const modes = modules.map((module) => module.#training);
    const own = modules.map((module) => Object.getOwnPropertyDescriptor(module, 'forward'));
    try {
      this.eval();
      for (const module of modules) if (isRunnable(module)) noteOutput(module, (shape) => outputs.set(module, shape));
      noGrad(() => checkSynchronous('describe', this.forward(x), 'a forward'));
    } finally {
      modules.forEach((module, i) => {
        module.#training = modes[i]!;
        Reflect.deleteProperty(module, 'forward');
        if (own[i] !== undefined) Object.defineProperty(module, 'forward', own[i]);
      });
    }
    return outputs;
  }

  /** What tells this module from others of its class, as `toString` prints it. */
  protected settings(): string {
    return '';
  }

  /** The class and what it was made with: `Dense(784, 256)`. */
  toString(): string {
    return `${this.constructor.name}(${this.settings()})`;
  }
}

/** Puts a `forward` in front of a module's own that also tells the shape of its result. */
function noteOutput(module: Runnable, note: (shape: Shape) => void): void {
  const { forward } = module;
  const value = (...args: [Tensor]): unknown => {
    const output = forward.apply(module, args);
    if (output instanceof Tensor) note(output.shape);
    return output;
  };
  Object.defineProperty(module, 'forward', { value, configurable: true });
}

/** What a module has under a path. */
function checkPath(call: string, path: string, variables: ReadonlyMap<string, Variable>): Variable {
  const variable = variables.get(path);
  if (variable !== undefined) return variable;
  const known = [...variables.keys()].join(', ');
  throw new ArgumentError(`${call}: this module has no parameter or buffer '${path}'; it has ${known || 'none'}`);
}

function checkLike(
  call: string,
  path: string,
  { shape, dtype }: Variable,
  got: { readonly shape: Shape; readonly dtype: DType },
): void {
  if (!sameShape(got.shape, shape)) {
    throw new ShapeError(`${call}: '${path}' has shape ${formatShape(shape)}, got ${formatShape(got.shape)}`);
  }
  if (got.dtype !== dtype) throw new DTypeError(`${call}: '${path}' is ${dtype}, got ${got.dtype}`);
}

function checkState(path: string, variable: Variable, state: TensorState | undefined): void {
  if (state === undefined) {
    const kind = variable instanceof Parameter ? 'parameter' : 'buffer';
    throw new ArgumentError(`load: the state has no ${kind} '${path}'`);
  }
  checkLike('load', path, variable, state);
  if (state.data.length !== variable.size) {
    throw new ShapeError(`load: '${path}' has ${variable.size} elements, got ${state.data.length}`);
  }
}
