/** What a part of a model is. */

import { ArgumentError, Buffer, noGrad, Parameter, type Shape, Tensor, Variable, zeros } from '@tapegrad/core';
import { checkSynchronous, checkTensor, formatShape, marked, markOf } from '@tapegrad/core/extend';
import { notePath } from './layer-errors.ts';
import { beside, type Hidden, hiddenIn, join, type Opaque, type Place, placesIn } from './module-parts.ts';
import {
  checkLike,
  type LoadOptions,
  type LoadReport,
  type ModuleState,
  matchState,
  throwUnknown,
} from './module-state.ts';
import { formatCount, formatTable } from './text-table.ts';

/** The options of `describe`. */
export interface DescribeOptions {
  /** An input, or the shape of one of zeros, to run through the module, so that the table tells the output shapes. */
  readonly input?: Shape | Tensor;
}

/** A module that `describe` can run. */
interface Runnable {
  forward(x: Tensor): unknown;
}

const isRunnable = (module: object): module is Runnable => typeof (module as Partial<Runnable>).forward === 'function';

/** What a module is made of. */
type Part = Variable | Module;

const isPart = (value: object): value is Part => value instanceof Variable || value instanceof Module;

/** Whether something is a part in the eyes of another copy of the packages, whose classes are others. */
const isForeign = (value: object): boolean =>
  typeof Reflect.get(value, 'namedBuffers') === 'function' ||
  (typeof Reflect.get(value, 'backward') === 'function' && typeof Reflect.get(value, 'assign') === 'function');

const isAnyPart = (value: object): value is object => isPart(value) || isForeign(value);

/** All that a module and the modules in it hold. */
interface Survey {
  /** Each under its first path, before those in it. */
  readonly modules: ReadonlyMap<string, Module>;
  /** Under their first paths. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Under all their paths, as far as these lead through the first of each module. */
  readonly byPath: ReadonlyMap<string, Variable>;
  /** Other paths of modules, with their first ones. */
  readonly shared: readonly (readonly [alias: string, path: string])[];
  /** Wherever a parameter or buffer is. */
  readonly places: readonly Place<Variable>[];
}

const moduleMark = markOf('a module');

/**
 * A part of a model: parameters, which are trained, buffers, which are not (running statistics, say), other modules, and
 * usually a `forward` that computes with them.
 *
 * Its parameters, buffers and modules are found in its public fields, and in arrays, maps, sets and plain objects there, nested
 * to any depth. A path names each: `encoder.0.weight` is the field `weight` of the first module in the field `encoder`, and the keys
 * of a map are names as those of an object are. What is found twice counts once, under its first path.
 *
 * What is elsewhere in sight is refused by name: in an object of a class that is no module, behind a getter, under a symbol. What is
 * in private `#fields` without a getter, in closures and in weak maps can't be seen, and is neither trained nor saved.
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

  /** Keeps a framework such as Vue from putting a proxy around it. */
  get [Symbol.toStringTag](): string {
    return 'Module';
  }

  /** What messages call it. */
  get [marked](): object {
    return moduleMark;
  }

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

  #places(): Place<Part>[] {
    return placesIn(this.members(), isPart).places;
  }

  /** The modules that this module itself holds, by path. */
  children(): Map<string, Module> {
    return new Map(this.#places().flatMap(({ path, value }) => (value instanceof Module ? [[path, value]] : [])));
  }

  /**
   * Finds all that there is, once.
   *
   * @throws ArgumentError where two have one path, or one is where it would not be found.
   */
  #survey(): Survey {
    const paths = new Map<Module, string>();
    const shared: [alias: string, path: string][] = [];
    const found: { readonly path: string; readonly places: readonly Place<Part>[] }[] = [];
    const opaque: (readonly [path: string, Opaque])[] = [];
    const modules = new ByPath<Module>(this, 'modules');
    const visit = (module: Module, path: string, where: string): void => {
      const first = paths.get(module);
      if (first !== undefined) {
        shared.push([path, first]);
        return;
      }
      paths.set(module, path);
      modules.add(path, where, module);
      const members = module.members();
      const inside = placesIn(members, isPart);
      found.push({ path, places: inside.places });
      for (const other of [...inside.opaque, ...beside(module, members, Module.prototype)]) opaque.push([path, other]);
      for (const { path: name, where: at, value } of inside.places) {
        if (value instanceof Module) visit(value, join(path, name), join(where, at));
      }
    };
    visit(this, '', '');

    const byPath = new ByPath<Variable>(this, 'parameters or buffers');
    const variables = new Map<string, Variable>();
    const known = new Set<object>(paths.keys());
    const places: Place<Variable>[] = [];
    for (const { path, places: own } of found) {
      for (const place of own) {
        if (!isVariablePlace(place)) continue;
        places.push(place);
        const whole = join(path, place.path);
        byPath.add(whole, join(path, place.where), place.value);
        if (!known.has(place.value)) variables.set(whole, place.value);
        known.add(place.value);
      }
    }
    for (const [path, other] of opaque) {
      const hidden = hiddenIn(other, isAnyPart, (part) => known.has(part));
      if (hidden !== undefined) throw hiddenError(this, path, hidden);
    }
    for (const [path, module] of modules.all) notePath(module, path);
    for (const [path, variable] of variables) {
      if (!variable.name.endsWith(`.${path}`)) variable.name = path;
    }
    return { modules: modules.all, variables, byPath: byPath.all, shared, places };
  }

  /**
   * This module, under the empty path, and all modules in it, by path, each before those in it.
   *
   * @throws ArgumentError where two have one path, or one is where it would not be found; so do all that ask for what is in a module.
   */
  modules(): Map<string, Module> {
    return new Map(this.#survey().modules);
  }

  /**
   * The parameters of this module and of all in it, by path. Each is given its path as its name, unless it has a longer
   * one that ends so, from a module around this one.
   */
  namedParameters(): Map<string, Parameter> {
    return only(this.#survey().variables, (variable) => variable instanceof Parameter);
  }

  /** The buffers of this module and of all in it, by path; named as parameters are. */
  namedBuffers(): Map<string, Buffer> {
    return only(this.#survey().variables, (variable) => variable instanceof Buffer);
  }

  /** The parameters of this module and of all in it: what an optimizer takes. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** How many numbers the parameters hold. */
  get parameterCount(): number {
    return this.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
  }

  /** A copy of the parameters and buffers as plain data, by path. What has several paths is there under the first. */
  state(): ModuleState {
    return Object.fromEntries(
      Array.from(this.#survey().variables, ([path, { shape, dtype, data }]) => [
        path,
        { shape: [...shape], dtype, data: data.slice() },
      ]),
    );
  }

  /**
   * Replaces the parameters and buffers by those of a state. Where the state does not fit, nothing is replaced.
   *
   * What has several paths may be in the state under any of them, or under several with the same elements, as tied weights are in
   * PyTorch's. Elements may come from another realm, as lists of numbers, or in another typed array, of numbers that the dtype has.
   *
   * @returns the paths that are missing from the state, and those that the module lacks: none unless `strict` is false.
   * @throws ArgumentError where a path is missing or unknown, unless `strict` is false; ShapeError or DTypeError where a tensor
   * differs.
   * @example
   * const trained = new Dense(4, 2);
   * const copy = new Dense(4, 2);
   * copy.load(trained.state());
   * copy.weight.equal(trained.weight).min().item(); // 1
   * copy.load({ bias: trained.state().bias! }, { strict: false }); // { missing: ['weight'], unexpected: [] }
   */
  load(state: ModuleState, options: LoadOptions = {}): LoadReport {
    const survey = this.#survey();
    const { elements, report } = matchState(state, options, survey.variables, (path) => variableAt(survey, path));
    for (const [variable, data] of elements) variable.update((own) => own.set(data));
    return report;
  }

  /**
   * Runs a function while tensors stand in the place of the parameters and buffers of their paths, in this module and all in
   * it: for functions of the parameters, which `grad` and its like take. It must not be asynchronous.
   *
   * What a layer updates while training, such as running statistics, needs a buffer in its place, which is then updated, as the
   * tensors that PyTorch's `functional_call` is given are: `{ runningMean: buffer(zeros([4])) }`.
   *
   * @throws ArgumentError where a path is unknown or can't be replaced, ShapeError or DTypeError where a tensor differs from what it
   * stands for.
   * @example
   * const layer = new Dense(2, 1);
   * layer.withTensors({ weight: ones([2, 1]), bias: zeros([1]) }, () => layer.forward(tensor([[1, 2]])).item()); // 3
   */
  withTensors<R>(tensors: Readonly<Record<string, Tensor>>, body: () => R): R {
    if (typeof tensors !== 'object' || tensors === null) {
      throw new ArgumentError(`withTensors: expected tensors by path, { weight: w }, got ${tensors}`);
    }
    const survey = this.#survey();
    const replacements = new Map<Variable, Tensor>();
    for (const [path, tensor] of Object.entries(tensors)) {
      const variable = variableAt(survey, path) ?? throwUnknown('withTensors', path, survey.variables);
      checkTensor(`withTensors: '${path}'`, tensor);
      checkLike('withTensors', path, variable, tensor);
      if ((replacements.get(variable) ?? tensor) !== tensor) {
        throw new ArgumentError(
          `withTensors: '${path}' is another path of '${variable.name}', which has another tensor`,
        );
      }
      replacements.set(variable, tensor);
    }
    const replaced: Place<Variable>[] = [];
    try {
      for (const place of survey.places) {
        const tensor = replacements.get(place.value);
        if (tensor === undefined) continue;
        if (!place.put(tensor)) {
          throw new ArgumentError(`withTensors: '${place.value.name}' can't be replaced: what holds it is read-only`);
        }
        replaced.push(place);
      }
      return checkSynchronous('withTensors', body());
    } finally {
      for (const place of replaced) place.put(place.value);
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
      for (const { path: name, value } of module.#places()) {
        if (value instanceof Parameter) {
          rows.push(row(join(path, name), `Parameter(${value.shape.join(', ')})`, undefined, value.size));
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

const isVariablePlace = (place: Place<Part>): place is Place<Variable> => place.value instanceof Variable;

/** The entries of a map whose values pass. */
const only = <V, W extends V>(map: ReadonlyMap<string, V>, passes: (value: V) => value is W): Map<string, W> =>
  new Map([...map].filter((entry): entry is [string, W] => passes(entry[1])));

/** Parts by their paths, of which no two are the same. */
class ByPath<T extends Part> {
  readonly all = new Map<string, T>();
  readonly #root: Module;
  readonly #what: string;
  readonly #where = new Map<string, string>();

  constructor(root: Module, what: string) {
    this.#root = root;
    this.#what = what;
  }

  add(path: string, where: string, part: T): void {
    const other = this.#where.get(path);
    if (other !== undefined && this.all.get(path) !== part) {
      throw new ArgumentError(
        `${this.#root}: two ${this.#what} have the path '${path}': ${other} and ${where}; give one another name`,
      );
    }
    this.#where.set(path, where);
    this.all.set(path, part);
  }
}

/** What has a path, the first or another. */
function variableAt(survey: Survey, path: string, stepsLeft = path.length): Variable | undefined {
  const direct = survey.byPath.get(path);
  if (direct !== undefined || stepsLeft === 0) return direct;
  for (const [alias, first] of survey.shared) {
    if (!path.startsWith(`${alias}.`)) continue;
    // What is shared may hold what is shared, and modules may refer to each other in a circle.
    const found = variableAt(survey, join(first, path.slice(alias.length + 1)), stepsLeft - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For a part that would be neither trained nor saved. */
function hiddenError(root: Module, path: string, { part, where, within }: Hidden<object>): ArgumentError {
  if (!isPart(part)) {
    return new ArgumentError(
      `${root}: what is at '${join(path, where)}' is of another copy of @tapegrad/core or @tapegrad/nn, and would be neither ` +
        'trained nor saved: two are loaded, or two versions; see docs/hosts.md',
    );
  }
  const what = part instanceof Module ? `the ${part}` : `the ${part instanceof Parameter ? 'parameter' : 'buffer'}`;
  return new ArgumentError(
    `${root}: ${what} at '${join(path, where)}' would be neither trained nor saved, for '${join(path, within.where)}' is ` +
      `${within.kind}; keep it in a public field, or in an array, map, set or plain object there, or make a Module of what ` +
      'holds it; if it is to stay out, keep it in a #private field',
  );
}
