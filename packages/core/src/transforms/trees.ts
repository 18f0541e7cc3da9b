/** Arrays and plain objects of tensors, nested to any depth: what a transform takes and gives as one argument. */

import { ArgumentError, DTypeError, formatShape, ShapeError, sameShape } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { isPlain } from '../checks/untyped-callers.ts';
import { Tensor } from '../tensor.ts';

/** The structure of `T`, arrays and plain objects of tensors nested to any depth, with plain tensors of its shapes. */
export type TensorTree<T> = T extends Tensor<infer S> ? Tensor<S> : { readonly [K in keyof T]: TensorTree<T[K]> };

/** The parts of an array or a plain object, each with how to write its place; `undefined` for anything else. */
function branchesOf(
  tree: unknown,
): readonly (readonly [key: string | number, place: string, branch: unknown])[] | undefined {
  if (Array.isArray(tree)) return tree.map((branch, i) => [i, `[${i}]`, branch]);
  if (typeof tree !== 'object' || tree === null || !isPlain(tree)) return undefined;
  return Object.entries(tree).map(([key, branch]) => [key, `.${key}`, branch]);
}

/** Enough for any model, and not too much for the stack. */
const DEEPEST = 500;

function checkDepth(call: string, depth: number): void {
  if (depth < DEEPEST) return;
  const got = 'got deeper ones, or one that contains itself';
  throw new ArgumentError(`${call}: expected arrays and objects nested less than ${DEEPEST} deep, ${got}`);
}

/** The tree with each of its leaves, whatever is no array and no plain object, replaced; `where` says which it is. */
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

/** How to write the places of a tree's leaves, in order. `where` is what the tree is called. */
export function placesOf(where: string, tree: unknown): string[] {
  const places: string[] = [];
  mapLeaves(where, tree, where, (_, place) => places.push(place));
  return places;
}

/** The tensors of a tree, in order. `where` is what messages call the tree. */
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

/** The tree with its tensors, in order, replaced by these values. */
export function withTensors(tree: unknown, values: readonly unknown[]): unknown {
  let next = 0;
  return mapLeaves('', tree, '', () => values[next++]);
}

/** The tree with its tensors replaced, and whatever else there is as it was. */
export const mapTensors = (call: string, tree: unknown, replace: (x: Tensor) => Tensor): unknown =>
  mapLeaves(call, tree, '', (leaf) => (leaf instanceof Tensor ? replace(leaf) : leaf));

/** The same leaves in arrays and plain objects of its own. */
export const copyTree = (call: string, tree: unknown): unknown => mapLeaves(call, tree, '', (leaf) => leaf);

/**
 * What a second tree has for each tensor of a first, in order. It has the first one's structure, save that a branch for
 * which `spreads` holds stands for all tensors of the first one's branch.
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
      `${call}: ${where} is ${describeValue(beside)}, which has not the structure of what it goes with`,
    );
  }
  const found = new Map(besides.map(([key, , branch]) => [key, branch]));
  return branches.flatMap(([key, place, branch]) =>
    besideTensors(call, where + place, branch, found.get(key), spreads, depth + 1),
  );
}

/** The tensors of a second tree, which has the structure, shapes and dtypes of a first: tangents, or cotangents. */
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
