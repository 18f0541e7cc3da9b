/** Chooses letters for a program's quantities: from the user, from layers, from parameter paths, or free ones. */

import type { Tensor } from '@tapegrad/core';
import type { Node } from '../../running/graph.ts';
import { type LetterNode, letterOf, made, number as numberNode } from '../../syntax/ast.ts';
import { textOf } from '../../syntax/print-text.ts';
import type { Axes } from '../recording/axes.ts';
import { isIdentity } from '../recording/linear-algebra.ts';
import type { RecordedLayer, RecordedProgram } from '../recording/record.ts';
import { letterFrom, withLayer } from '../terms/quantities.ts';
import type { LengthTerm } from '../terms/terms.ts';

/** An object that names its parameters, such as a module. */
export interface NamesParameters {
  namedParameters(): ReadonlyMap<string, Tensor>;
}

/** Letters for tensors, or modules, which name their parameters by their paths. */
export type Names = Readonly<Record<string, Tensor | NamesParameters>>;

const namesParameters = (x: Tensor | NamesParameters): x is NamesParameters => 'namedParameters' in x;

/** The letters for the usual parameter names of a layer. */
const partLetters: Readonly<Record<string, string>> = {
  ...{ weight: 'W', bias: 'b', scale: 'gamma', shift: 'beta', kernel: 'K' },
};

/** The letters for the parameters of a layer that scales and shifts each feature. */
const scalingLetters: Readonly<Record<string, string>> = { ...partLetters, weight: 'gamma', bias: 'beta' };

/** Returns the letter for a path: W_query for `encoder.query.weight`. */
function letterOfPath(path: string, isScaling: boolean): LetterNode {
  const parts = path.split('.');
  const last = parts.pop()!;
  // weightHhL0 becomes W_Hh of layer 0.
  const [, part, rest] = /^(weight|bias)([A-Z].*)$/.exec(last) ?? [];
  if (part !== undefined) return letterFrom(`${partLetters[part]}_${rest}`);
  const own = (isScaling ? scalingLetters : partLetters)[last];
  if (own === undefined) return letterFrom([last, ...parts.slice(-1)].join('_'));
  return letterFrom([own, ...parts.slice(-1)].join('_'));
}

/** Returns whether a tensor is constant and contains only 0 and 1. */
export const isMask = (x: Tensor): boolean =>
  !x.requiresGrad && x.size > 0 && x.dtype !== 'int32' && x.elements.every((element) => element === 0 || element === 1);

/** Returns the last axis if the tensor is constant and each of its rows adds up to 1, like probabilities. */
export function sumsToOneAlong(x: Tensor): number | undefined {
  const [rows, columns] = x.shape;
  if (x.requiresGrad || x.rank !== 2 || isIdentity(x) || columns === undefined || columns < 2 || rows === 0)
    return undefined;
  const sums = x.detach().sum(1).elements;
  return x.dtype.startsWith('float') && sums.every((sum) => Math.abs(sum - 1) < 1e-6) && x.elements.every((p) => p >= 0)
    ? 1
    : undefined;
}

/** The letters for the tensors of a program. */
export class Naming {
  readonly #taken = new Set<string>();
  readonly #own = new Map<Tensor, LetterNode>();
  readonly #paths = new Map<Tensor, string>();
  readonly #lengths = new Map<string, LetterNode>();
  #axes: Axes | undefined;

  /** Adds the names given by the user. */
  give(names: Names): void {
    for (const [name, x] of Object.entries(names)) {
      if (namesParameters(x)) {
        for (const [path, parameter] of x.namedParameters()) this.#paths.set(parameter, path);
      } else {
        const letter = letterFrom(name);
        this.#own.set(x, letter);
        this.#taken.add(textOf(letter));
      }
    }
  }

  /** Returns the letter given by the user. */
  given(x: Tensor): LetterNode | undefined {
    return this.#own.get(x);
  }

  /** Returns the tensors named by the user. */
  tensors(): Iterable<Tensor> {
    return this.#own.keys();
  }

  /** Returns a letter that isn't used for anything else. */
  fresh(letter: LetterNode): LetterNode {
    let own = letter;
    for (let i = 2; this.#taken.has(textOf(own)); i++) own = { ...letter, sub: [...letter.sub, numberNode(i)] };
    this.#taken.add(textOf(own));
    return own;
  }

  /** Returns the letter of a leaf: data or a parameter. */
  leaf(x: Tensor): LetterNode {
    const own = this.given(x);
    if (own !== undefined) return own;
    const path = this.#paths.get(x) ?? (x.name === 'parameter' || x.name === 'buffer' ? undefined : x.name);
    if (path !== undefined) return this.fresh(letterOfPath(path, this.#scales(path, x)));
    const isMatrix = x.shape.filter((length) => length !== 1).length > 1;
    if (isIdentity(x)) return this.fresh(letterFrom('I'));
    if (isMask(x)) return this.fresh(letterFrom('M'));
    if (x.requiresGrad) return this.fresh(letterFrom(isMatrix ? 'W' : 'b'));
    if (x.dtype !== 'float32' && x.dtype !== 'float64') return this.fresh(letterFrom(isMatrix ? 'M' : 't'));
    return this.fresh(letterFrom(isMatrix ? 'X' : 'x'));
  }

  /** Whether a parameter belongs to a layer whose weight is a vector. */
  #scales(path: string, x: Tensor): boolean {
    const weight = path.replace(/[^.]*$/, 'weight');
    const [found] = [...this.#paths].find(([, other]) => other === weight) ?? [x];
    return found.rank === 1 && /(?:^|\.)(?:weight|bias)$/.test(path) && (found !== x || path === weight);
  }

  /** Returns a letter for a layer, with the number of the layer unless there is only one layer. */
  layer(name: string, layer: number | undefined): LetterNode {
    return this.fresh(withLayer(letterFrom(name), layer));
  }

  /** Returns the letter of a length: n for the number of examples, d_l for the width of a layer. */
  readonly length = ({ name: axis }: LengthTerm): LetterNode => {
    const [id, at] = axis.split('.').map(Number) as [number, number];
    const name = this.#axes?.classOf(id, at) ?? axis;
    const known = this.#lengths.get(name);
    if (known !== undefined) return known;
    const free = ['d', 'm', 'h', 'w', 'c', 'e'].find((letter) => !this.#taken.has(letter)) ?? 'm';
    const letter = this.fresh(letterFrom(free));
    this.#lengths.set(name, letter);
    return letter;
  };

  /** Gives standard letters to lengths that usually have one. */
  nameLengths({ nodeOf, leaves, layers, axes }: RecordedProgram): void {
    this.#axes = axes;
    const give = (node: Node | undefined, axis: number, letter: LetterNode): void => {
      if (node === undefined || (node.shape[axis] ?? 1) === 1) return;
      const key = axes.classOf(node.id, axis);
      if (this.#lengths.has(key)) return;
      this.#lengths.set(key, this.fresh(letter));
    };
    const [first] = layers;
    const input = first && nodeOf(first.input);
    const data = [...leaves].filter(([, x]) => !x.requiresGrad && x.rank > 0).map(([node]) => node);
    const examples = input !== undefined && input.shape.length > 1 ? input : data[0];
    give(examples, 0, letterOf(made, 'n'));
    const isChain = chainOf(layers) !== undefined;
    if (!isChain) return;
    layers.forEach(({ weight }, l) => {
      const node = nodeOf(weight);
      if (node === undefined || node.shape.length !== 2) return;
      if (l === 0) give(node, 0, { ...letterOf(made, 'd'), sub: [numberNode(0)] });
      give(node, 1, { ...letterOf(made, 'd'), sub: [numberNode(l + 1)] });
    });
  }
}

/** Returns the layers if they form a chain, in which each takes the output of the one before. */
export function chainOf(layers: readonly RecordedLayer[]): readonly RecordedLayer[] | undefined {
  const isChain = layers.every(({ input }, l) => l === 0 || layers[l - 1]!.output === input);
  return isChain && layers.length > 1 ? layers : undefined;
}
