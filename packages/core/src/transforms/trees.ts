/** Trees: arrays and plain objects of tensors, nested to any depth. Each argument and result of a transform is a tree. */

import { ArgumentError, DTypeError, formatShape, ShapeError, sameShape } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { isPlain } from '../checks/untyped-callers.ts';
import { Tensor } from '../tensor.ts';

/** The tree `T` in which each tensor, parameter or buffer is replaced by a plain tensor of its shape. */
export type TensorTree<T> = T extends Tensor<infer S> ? Tensor<S> : { readonly [K in keyof T]: TensorTree<T[K]> };

/**
 * Returns the entries of an array or plain object, each with its path within the tree as text; `undefined` for anything
 * else.
 */
function branchesOf(
  tree: unknown,
): readonly (readonly [key: string | number, place: string, branch: unknown])[] | undefined {
  if (Array.isArray(tree)) return tree.map((branch, i) => [i, `[${i}]`, branch]);
  if (typeof tree !== 'object' || tree === null || !isPlain(tree)) return undefined;
  return Object.entries(tree).map(([key, branch]) => [key, `.${key}`, branch]);
}

/** The maximum nesting depth: enough for any model, but safe for the call stack. */
const DEEPEST = 500;

function checkDepth(call: string, depth: number): void {
  if (depth < DEEPEST) return;
  const got = 'got deeper ones, or one that contains itself';
  throw new ArgumentError(`${call}: expected arrays and objects nested less than ${DEEPEST} deep, ${got}`);
}

/**
 * Replaces each leaf of a tree. A leaf is anything that is neither an array nor a plain object. `where` is the path of
 * the tree.
 */
function mapLeaves(
  call: string,
  tree: unknown,
  where: string,
  replace: (leaf: unknown, where: string) => unknown,
  depth = 0,
): unknown {
  const branches = branchesOf(tree);
  if (branches === undefined) return replace(tree, where);
  checkDepth(call, depth);
  const mapped = branches.map(
    ([key, place, branch]) => [key, mapLeaves(call, branch, where + place, replace, depth + 1)] as const,
  );
  return Array.isArray(tree) ? mapped.map(([, branch]) => branch) : Object.fromEntries(mapped);
}

/** Returns the paths of a tree's leaves as text, in order. `where` is the name of the tree, with which each path begins. */
export function placesOf(where: string, tree: unknown): string[] {
  const places: string[] = [];
  mapLeaves(where, tree, where, (_, place) => places.push(place));
  return places;
}

/** Returns the tensors of a tree, in order. `where` is the name of the tree in error messages. */
export function tensorsOf(call: string, where: string, tree: unknown): Tensor[] {
  const tensors: Tensor[] = [];
  mapLeaves(call, tree, where, (leaf, place) => {
    if (!(leaf instanceof Tensor)) {
      const expected = 'expected a tensor, or arrays and plain objects of tensors';
      throw new ArgumentError(`${call}: ${place} is ${describeValue(leaf)}; ${expected}`);
    }
    tensors.push(leaf);
  });
  return tensors;
}

/** Replaces the tensors of a tree, in order, by `values`. */
export function withTensors(tree: unknown, values: readonly unknown[]): unknown {
  let next = 0;
  return mapLeaves('', tree, '', () => values[next++]);
}

/** Replaces the tensors of a tree, and leaves everything else unchanged. */
export const mapTensors = (call: string, tree: unknown, replace: (x: Tensor) => Tensor): unknown =>
  mapLeaves(call, tree, '', (leaf) => (leaf instanceof Tensor ? replace(leaf) : leaf));

/** Copies the arrays and plain objects of a tree, but not its leaves. */
export const copyTree = (call: string, tree: unknown): unknown => mapLeaves(call, tree, '', (leaf) => leaf);

/**
 * Returns, for each tensor of the first tree in order, the corresponding entry of a second tree. The trees must have
 * the same structure. But if `spreads` returns true for an entry of the second tree, the entry applies to all tensors
 * in the corresponding branch of the first.
 */
export function besideTensors(
  call: string,
  where: string,
  tree: unknown,
  beside: unknown,
  spreads: (beside: unknown, branch: unknown) => boolean,
  depth = 0,
): unknown[] {
  checkDepth(call, depth);
  const branches = branchesOf(tree);
  if (spreads(beside, tree)) return tensorsOf(call, where, tree).map(() => beside);
  const besides = branchesOf(beside);
  const keys = (list: NonNullable<typeof branches>): string =>
    list
      .map(([key]) => key)
      .sort()
      .join(', ');
  if (branches === undefined || besides === undefined || keys(branches) !== keys(besides)) {
    throw new ArgumentError(
      `${call}: ${where} is ${describeValue(beside)}, whose structure differs from that of its counterpart`,
    );
  }
  const found = new Map(besides.map(([key, , branch]) => [key, branch]));
  return branches.flatMap(([key, place, branch]) =>
    besideTensors(call, where + place, branch, found.get(key), spreads, depth + 1),
  );
}

/**
 * Returns the tensors of a tree of tangents or cotangents. Throws unless it has the structure, shapes and dtypes of `like`.
 */
export function tensorsLike(call: string, where: string, tree: unknown, like: unknown): Tensor[] {
  const models = tensorsOf(call, where, like);
  const bothTensors = (x: unknown, model: unknown): boolean => x instanceof Tensor && model instanceof Tensor;
  const tensors = besideTensors(call, where, like, tree, bothTensors) as Tensor[];
  const places = placesOf(where, like);
  tensors.forEach((x, i) => {
    const model = models[i]!;
    if (!sameShape(x.shape, model.shape)) {
      const shapes = `expected shape ${formatShape(model.shape)}, got ${formatShape(x.shape)}`;
      throw new ShapeError(`${call}: ${places[i]}: ${shapes}`);
    }
    if (x.dtype !== model.dtype) {
      throw new DTypeError(`${call}: ${places[i]}: expected ${model.dtype}, got ${x.dtype}; cast it first`);
    }
  });
  return tensors;
}
