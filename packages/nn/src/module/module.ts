/** The base class of the parts of a model. */

import { dependOn, isTracing, marked, markOf } from '@tapegrad/core/extend';
import { ArgumentError, Buffer, Parameter, Variable } from '@tapegrad/core/lean';
import { notePath } from './layer-errors.ts';
import { beside, type Hidden, hiddenIn, join, type Opaque, type Place, placesIn } from './module-parts.ts';

/** The types of parts that a module can have. */
export type Part = Variable | Module;

const isPart = (value: object): value is Part => value instanceof Variable || value instanceof Module;

/** Returns whether a value is a part created by another copy of the packages, so that `instanceof` fails. */
const isForeign = (value: object): boolean =>
  typeof Reflect.get(value, 'namedBuffers') === 'function' ||
  (typeof Reflect.get(value, 'backward') === 'function' && typeof Reflect.get(value, 'assign') === 'function');

const isAnyPart = (value: object): value is object => isPart(value) || isForeign(value);

/** Everything that a module and its submodules contain. */
export interface Survey {
  /** The modules by path, each before its submodules. A shared module is listed under the first path found. */
  readonly modules: ReadonlyMap<string, Module>;
  /** The parameters and buffers by path. A shared one is listed under the first path found. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** The parameters and buffers by all their paths. These paths still pass only through the first path of each module. */
  readonly byPath: ReadonlyMap<string, Variable>;
  /** The additional paths of shared modules, each with the module's first path. */
  readonly shared: readonly (readonly [alias: string, path: string])[];
  /** All places that hold a parameter or buffer. */
  readonly places: readonly Place<Variable>[];
}

const moduleMark = markOf('a module');

/** The internals of a module that functions in other files use. */
export interface ModuleAccess {
  /** Returns the places that hold a part in a module itself, without those in its submodules. */
  placesIn(module: Module): readonly Place<Part>[];
  /** Returns everything that a module and its submodules contain. */
  survey(module: Module): Survey;
  /** Sets the training mode of a module, but not of its submodules. */
  setTraining(module: Module, training: boolean): void;
}

export let moduleAccess: ModuleAccess;

/**
 * A part of a model. A module holds parameters, which are trained, buffers, which are not (such as running statistics),
 * and other modules. It usually has a method `forward` that computes with these parts.
 *
 * Parts are found in the module's public fields, and in arrays, maps, sets and plain objects in these fields, nested to
 * any depth. Each part has a path: `encoder.0.weight` is the field `weight` of the first module in the field `encoder`.
 * In paths, the keys of a map are used like the keys of an object. A part that is found twice counts once, under its
 * first path.
 *
 * A part anywhere else causes an error that names it: in an object whose class isn't a module, behind a getter, or
 * under a symbol. Private `#fields` without a getter, closures and weak maps can't be searched, so parts there are
 * neither trained nor saved.
 *
 * A `forward` that updates a buffer must first check `isRecomputing` of core, since `checkpoint` runs it twice.
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

  static {
    moduleAccess = {
      placesIn: (module) => module.#places(),
      survey: (module) => module.#survey(),
      setTraining: (module, training) => {
        module.#training = training;
      },
    };
  }

  /** The class name as a tag, which prevents frameworks such as Vue from wrapping the module in a proxy. */
  get [Symbol.toStringTag](): string {
    return 'Module';
  }

  /** The mark by which error messages recognize a module. */
  get [marked](): object {
    return moduleMark;
  }

  /** Whether the module is in training mode, which affects layers such as dropout. Defaults to true. */
  get training(): boolean {
    return isTracing() ? dependOn(() => this.#training) : this.#training;
  }

  /** Sets this module and all its submodules to training mode, the initial mode. */
  train(): this {
    return this.#setTraining(true);
  }

  /** Sets this module and all its submodules to evaluation mode. */
  eval(): this {
    return this.#setTraining(false);
  }

  #setTraining(training: boolean): this {
    for (const module of this.modules().values()) module.#training = training;
    return this;
  }

  /** The object to search for parameters, buffers and modules: the module itself, unless a subclass overrides it. */
  protected members(): object {
    return this;
  }

  #places(): Place<Part>[] {
    return placesIn(this.members(), isPart).places;
  }

  /** The direct submodules of this module, by path. */
  children(): Map<string, Module> {
    return new Map(this.#places().flatMap(({ path, value }) => (value instanceof Module ? [[path, value]] : [])));
  }

  /**
   * Finds all parts of the module. Each is listed once.
   *
   * @throws ArgumentError if two parts have the same path, or a part is in a place that isn't searched.
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
   * Returns this module and all its submodules by path. The path of this module is empty. Each module comes before its
   * submodules.
   *
   * @throws ArgumentError if two parts have the same path, or a part is in a place that isn't searched. All methods
   * that list parts throw these errors.
   */
  modules(): Map<string, Module> {
    return new Map(this.#survey().modules);
  }

  /**
   * Returns the parameters of this module and its submodules, by path. Also sets the name of each parameter to its
   * path. A name is kept if it is a longer path that ends with this one, which an enclosing module has set.
   */
  namedParameters(): Map<string, Parameter> {
    return only(this.#survey().variables, (variable) => variable instanceof Parameter);
  }

  /** Returns the buffers of this module and its submodules, by path. Also sets their names, as `namedParameters` does. */
  namedBuffers(): Map<string, Buffer> {
    return only(this.#survey().variables, (variable) => variable instanceof Buffer);
  }

  /** Returns the parameters of this module and its submodules as a list, in the form that optimizers expect. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** The total number of elements of all parameters of this module and its submodules. */
  get parameterCount(): number {
    return this.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
  }

  /** The settings that `toString` shows, which distinguish this module from others of the same class. */
  protected settings(): string {
    return '';
  }

  /** Returns the class name and the settings: `Dense(784, 256)`. */
  toString(): string {
    return `${this.constructor.name}(${this.settings()})`;
  }
}

const isVariablePlace = (place: Place<Part>): place is Place<Variable> => place.value instanceof Variable;

/** Returns the entries of a map whose values pass a test. */
const only = <V, W extends V>(map: ReadonlyMap<string, V>, passes: (value: V) => value is W): Map<string, W> =>
  new Map([...map].filter((entry): entry is [string, W] => passes(entry[1])));

/** A map from paths to parts. It throws if two parts have the same path. */
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
        `${this.#root}: two ${this.#what} have the path '${path}': ${other} and ${where}; rename one of them`,
      );
    }
    this.#where.set(path, where);
    this.all.set(path, part);
  }
}

/** Creates the error for a part that would be neither trained nor saved. */
function hiddenError(root: Module, path: string, { part, where, within }: Hidden<object>): ArgumentError {
  if (!isPart(part)) {
    return new ArgumentError(
      `${root}: the part at '${join(path, where)}' is from another copy of @tapegrad/core or @tapegrad/nn and would be ` +
        'neither trained nor saved; two copies or versions are loaded, see docs/hosts.md',
    );
  }
  const what = part instanceof Module ? `the ${part}` : `the ${part instanceof Parameter ? 'parameter' : 'buffer'}`;
  return new ArgumentError(
    `${root}: ${what} at '${join(path, where)}' would be neither trained nor saved, because '${join(path, within.where)}' ` +
      `is ${within.kind}; keep it in a public field, or in an array, map, set or plain object there, or make its container ` +
      'a Module; to leave it out on purpose, use a #private field',
  );
}
