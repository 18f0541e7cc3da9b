/** Saves and restores the states of objects. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue, isPlain } from '@tapegrad/core/extend';
import { FormatError } from '../format-error.ts';
import { MAX_DEPTH } from './tree.ts';

/** An object whose state can be saved and loaded: a module, an optimizer, a data loader, a metric. */
export interface Stateful<State = unknown> {
  /** Returns a copy of the state as plain data and arrays. */
  state(): State;
  /** Replaces the state. If the new state doesn't fit the object, nothing changes. */
  load(state: State): void;
}

/** Functions that read and replace the state of one object. */
interface Access {
  get(): unknown;
  set(state: unknown): void;
}

/** Returns the functions that read and replace the state of an object; `undefined` for plain data. */
function accessOf(value: unknown): Access | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { state, load } = value as { readonly state?: unknown; readonly load?: unknown };
  if (typeof state === 'function' && typeof load === 'function') {
    return { get: () => Reflect.apply(state, value, []), set: (own) => Reflect.apply(load, value, [own]) };
  }
  // A generator of random numbers has its state as a property.
  if (typeof state === 'function' || state === undefined || isPlain(value)) return undefined;
  return {
    get: () => Reflect.get(value, 'state'),
    set(own) {
      Reflect.set(value, 'state', own);
    },
  };
}

/** Returns whether a value is a record or a list, in which states are searched for. */
const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && (Array.isArray(value) || isPlain(value));

/** Returns a copy of a tree in which each object with a state is replaced by that state. */
export function captured(value: unknown, ancestors: readonly object[] = []): unknown {
  const access = accessOf(value);
  if (access !== undefined) return access.get();
  // For a value that contains itself or is nested too deeply, the encoder throws, with the path.
  if (!isGroup(value) || ancestors.includes(value) || ancestors.length > MAX_DEPTH) return value;
  const within = [...ancestors, value];
  if (Array.isArray(value)) return value.map((part) => captured(part, within));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, captured(part, within)]));
}

interface Job {
  readonly path: string;
  readonly access: Access;
  readonly state: unknown;
}

/** Marks a part of a tree of which nothing remains, because objects have loaded all of it. */
const NOTHING = Symbol('nothing');

function match(tree: unknown, into: unknown, path: string, file: string, jobs: Job[]): unknown {
  const access = accessOf(into);
  if (access !== undefined) {
    jobs.push({ path, access, state: tree });
    return NOTHING;
  }
  if (!isGroup(into)) {
    throw new ArgumentError(
      `restore: '${path}' is ${describeValue(into)}, expected an object with state() and load(state), or a group of them`,
    );
  }
  const isAlike = isGroup(tree) && Array.isArray(tree) === Array.isArray(into);
  if (!isAlike)
    throw new FormatError(file, `'${path || 'the checkpoint'}' is ${describeValue(tree)}, expected parts of it`);
  const missing = Object.keys(into).filter((name) => !Object.hasOwn(tree, name));
  if (missing.length > 0) {
    const known = Object.keys(tree).join(', ') || 'nothing';
    throw new FormatError(
      file,
      `${path === '' ? 'the checkpoint' : `'${path}'`} has no ${missing.join(', ')}; it has ${known}`,
    );
  }
  const rest = Object.entries(tree).flatMap(([name, part]) => {
    if (!Object.hasOwn(into, name)) return [[name, part] as const];
    const left = match(part, Reflect.get(into, name), path === '' ? name : `${path}.${name}`, file, jobs);
    return left === NOTHING ? [] : [[name, left] as const];
  });
  return rest.length === 0 && path !== '' ? NOTHING : Object.fromEntries(rest);
}

/**
 * Puts the states in a tree back into objects, all of them or none.
 *
 * @param tree The result of `decodeCheckpoint`.
 * @param into An object with a state, or a record or list of them.
 * @param file The name of the file in messages.
 * @returns the part of the tree that was not loaded into any object.
 * @throws FormatError if a state is missing or doesn't fit its object; then all objects are unchanged.
 * @example
 * const [trained, fresh] = [new Dense(3, 2), new Dense(3, 2)];
 * const tree = decodeCheckpoint(encodeCheckpoint({ model: trained, epoch: 4 }));
 * restoreState(tree, { model: fresh }); // { epoch: 4 }
 * fresh.weight.equal(trained.weight).min().item(); // 1
 */
export function restoreState(tree: unknown, into: unknown, file = 'checkpoint'): unknown {
  const jobs: Job[] = [];
  const rest = match(tree, into, '', file, jobs);
  const before = jobs.map(({ access }) => access.get());
  let done = 0;
  try {
    for (const { access, state } of jobs) {
      access.set(state);
      done++;
    }
  } catch (error) {
    for (let i = done; i >= 0; i--) jobs[i]!.access.set(before[i]);
    const { path } = jobs[done]!;
    throw new FormatError(
      file,
      `the state${path === '' ? '' : ` of '${path}'`} does not fit: ${(error as Error).message}`,
    );
  }
  return rest === NOTHING ? undefined : rest;
}
