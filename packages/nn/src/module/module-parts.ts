/**
 * Finds the parts of a module: the parameters, buffers and modules in its public fields, and in arrays, maps, sets and
 * plain objects in these fields.
 */

import { isPlain } from '@tapegrad/core/extend';
import { Tensor } from '@tapegrad/core/lean';

/** A place in a module that holds a part. */
export class Place<T extends object = object> {
  readonly #group: object;
  readonly #key: unknown;
  /** The path of the part in the module. */
  readonly path: string;
  /** A description of the place, for messages. It tells apart places that have the same path. */
  readonly where: string;
  /** The part at this place. */
  readonly value: T;

  constructor(group: object, key: unknown, path: string, where: string, value: T) {
    this.#group = group;
    this.#key = key;
    this.path = path;
    this.where = where;
    this.value = value;
  }

  /** Replaces the part. Returns `false` if the place can't be changed, as in a frozen object. */
  put(value: object): boolean {
    const [group, key] = [this.#group, this.#key];
    if (isMap(group)) {
      group.set(key, value);
      return true;
    }
    if (!isSet(group)) return Reflect.set(group, key as PropertyKey, value);
    // Rebuilds the set to keep its order, by which its parts are told apart.
    const members = [...group];
    if (members.includes(value)) return false;
    members[key as number] = value;
    group.clear();
    for (const member of members) group.add(member);
    return true;
  }
}

/** A value that may hold parts but isn't searched for them. */
export interface Opaque {
  readonly where: string;
  /** A description of the value, for messages. */
  readonly kind: string;
  readonly value: object;
}

export const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Returns whether an object is a built-in `Map` or `Set`, from this realm or another. */
function isBuiltIn(name: 'Map' | 'Set', value: object): boolean {
  if (Object.prototype.toString.call(value) !== `[object ${name}]`) return false;
  try {
    (name === 'Map' ? Map.prototype : Set.prototype).has.call(value, undefined);
    return true;
  } catch {
    return false;
  }
}

const isMap = (value: object): value is Map<unknown, unknown> => value instanceof Map || isBuiltIn('Map', value);
const isSet = (value: object): value is Set<unknown> => value instanceof Set || isBuiltIn('Set', value);

/** Returns whether a value can group parts: an array, map, set or plain object. */
const isGroup = (value: object): boolean => Array.isArray(value) || isPlain(value) || isMap(value) || isSet(value);

/** Formats a name for messages. Quotes a name that isn't a word, so that it can't be mistaken for a path. */
const shownName = (name: string): string => (/^[\w$]+$/.test(name) ? name : `['${name}']`);

const kindOf = (value: object): string =>
  typeof value === 'function' ? 'a function' : `a ${value.constructor?.name || 'class instance'}`;

/** Returns whether reading a value from a group again gives the same value. A getter may return another one each time. */
const isSteady = (group: object, key: unknown, value: object): boolean =>
  isMap(group) || isSet(group) || Reflect.get(group, key as PropertyKey) === value;

/** Calls `visit` for the values in a group that a path can name. Calls `refuse` for the others, with the reason. */
function forEachIn(
  group: object,
  visit: (value: unknown, key: unknown, name: string, shown: string) => void,
  refuse: (value: unknown, shown: string, kind: string) => void,
): void {
  if (isMap(group)) {
    for (const [key, value] of group) {
      if (isObject(key) || typeof key === 'function') refuse(key, 'keys()', 'a key of a map');
      if (isObject(key) || typeof key === 'symbol' || typeof key === 'function') {
        refuse(value, 'values()', 'under a map key that is not a string');
      } else {
        visit(value, key, String(key), `get(${typeof key === 'string' ? `'${key}'` : String(key)})`);
      }
    }
  } else if (isSet(group)) {
    let i = 0;
    for (const value of group) visit(value, i, String(i), String(i++));
  } else {
    for (const name of Object.keys(group)) visit(Reflect.get(group, name), name, name, shownName(name));
    return;
  }
  for (const name of Object.keys(group)) refuse(Reflect.get(group, name), shownName(name), 'a field of a map or set');
}

/**
 * Finds the places that hold parts in a group and its nested groups, and the objects that may hold parts but aren't
 * searched.
 *
 * @param isPart Returns whether a value is a part.
 */
export function placesIn<T extends object>(
  root: object,
  isPart: (value: object) => value is T,
): { readonly places: Place<T>[]; readonly opaque: Opaque[] } {
  const places: Place<T>[] = [];
  const opaque: Opaque[] = [];
  const seen = new Set<object>();
  const search = (group: object, prefix: string, at: string): void => {
    if (seen.has(group)) return;
    seen.add(group);
    forEachIn(
      group,
      (value, key, name, shown) => {
        if (!isObject(value) && typeof value !== 'function') return;
        const where = join(at, shown);
        if (isPart(value)) {
          if (isSteady(group, key, value)) places.push(new Place(group, key, join(prefix, name), where, value));
          else opaque.push({ where, kind: 'a getter that returns a new one each time', value });
        } else if (isGroup(value)) search(value, join(prefix, name), where);
        else opaque.push({ where, kind: kindOf(value), value });
      },
      (value, shown, kind) => {
        if (isObject(value)) opaque.push({ where: join(at, shown), kind, value });
      },
    );
  };
  search(root, '', '');
  return { places, opaque };
}

/** Whether a getter is being called. The getter may itself ask for parameters. */
let isAsking = false;

const getters = new WeakMap<object, readonly string[]>();

/** Lists the names of the getters in the classes of an object, up to the class `end`. */
function gettersOf(prototype: object | null, end: object): readonly string[] {
  if (prototype === null || prototype === end) return [];
  const known = getters.get(prototype);
  if (known !== undefined) return known;
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { get }]) =>
    get === undefined ? [] : [name],
  );
  const all = [...own, ...gettersOf(Object.getPrototypeOf(prototype), end)];
  getters.set(prototype, all);
  return all;
}

/**
 * Lists values that a module holds outside the searched fields: behind getters, under symbols, in fields that aren't
 * enumerable, and in fields that `members` leaves out.
 */
export function beside(module: object, members: object, end: object): Opaque[] {
  const found: Opaque[] = [];
  const add = (where: string, kind: string, value: unknown): void => {
    if (isObject(value) && value !== members) found.push({ where, kind, value });
  };
  for (const symbol of Object.getOwnPropertySymbols(module)) {
    add(String(symbol), 'under a symbol', Reflect.get(module, symbol));
  }
  const names = Object.getOwnPropertyNames(module);
  const isEnumerable = new Set(Object.keys(module));
  for (const name of names) {
    if (!isEnumerable.has(name)) add(name, 'a field that is not enumerable', Reflect.get(module, name));
    else if (members !== module) add(name, 'a field outside of those that hold its parts', Reflect.get(module, name));
  }
  if (isAsking) return found;
  isAsking = true;
  for (const name of gettersOf(Object.getPrototypeOf(module), end)) {
    try {
      add(name, 'a getter', Reflect.get(module, name));
    } catch {
      // The getter threw because it has no value yet.
    }
  }
  isAsking = false;
  return found;
}

/**
 * The limits of the search for hidden parts. They suffice for any wrapper of layers, but skip most of a program's other
 * data.
 */
const limits = { depth: 4, objects: 1000 };

/** The base class of DOM nodes, if the host has a DOM. */
const { EventTarget: pageNode } = globalThis as { readonly EventTarget?: new () => object };

/** Returns whether an object can't contain parts and isn't searched: data, a tensor with its tape, or a DOM node. */
const isClosed = (value: object): boolean =>
  ArrayBuffer.isView(value) || value instanceof Tensor || (pageNode !== undefined && value instanceof pageNode);

/** A part in a place that isn't searched for parts. */
export interface Hidden<T> {
  readonly part: T;
  readonly where: string;
  /** The value that contains the part, and that isn't searched. */
  readonly within: Opaque;
}

/** Finds the first part inside an opaque value for which `known` returns false. */
export function hiddenIn<T extends object>(
  within: Opaque,
  isPart: (value: object) => value is T,
  known: (part: T) => boolean,
): Hidden<T> | undefined {
  const seen = new Set<object>();
  const search = (at: object, where: string, depth: number): Hidden<T> | undefined => {
    if (isPart(at)) return known(at) ? undefined : { part: at, where, within };
    if (seen.has(at) || seen.size === limits.objects || depth > limits.depth || isClosed(at)) return undefined;
    seen.add(at);
    const inner = isGroup(at) ? depth : depth + 1;
    let found: Hidden<T> | undefined;
    const visit = (value: unknown, shown: string): void => {
      if (found === undefined && (isObject(value) || typeof value === 'function')) {
        found = search(value, join(where, shown), inner);
      }
    };
    if (Array.isArray(at)) for (const [i, value] of at.entries()) visit(value, String(i));
    if (isMap(at) || isSet(at)) {
      forEachIn(
        at,
        (value, _key, _name, shown) => visit(value, shown),
        (value, shown) => visit(value, shown),
      );
    }
    // Getters are not called, since the object isn't a module.
    if (!Array.isArray(at)) {
      for (const name of Object.keys(at)) visit(Object.getOwnPropertyDescriptor(at, name)?.value, shownName(name));
    }
    return found;
  };
  return search(within.value, within.where, 0);
}
