/** Letters for what a program computes with: from its user, from its layers, from the paths of parameters, or chosen. */

import type { Tensor } from '@tapegrad/core';
import type { Node } from '../../running/graph.ts';
import { type LetterNode, letterOf, made, number as numberNode } from '../../syntax/ast.ts';
import { textOf } from '../../syntax/print-text.ts';
import type { Axes } from '../recording/axes.ts';
import type { Program, RecordedLayer } from '../recording/record.ts';
import { letterFrom, withLayer } from '../terms/quantities.ts';
import type { LengthTerm } from '../terms/terms.ts';

/** What names its parameters, such as a module. */
export interface NamesParameters {
  namedParameters(): ReadonlyMap<string, Tensor>;
}

/** Letters for tensors, or modules whose parameters are named by their paths. */
export type Names = Readonly<Record<string, Tensor | NamesParameters>>;

const namesParameters = (x: Tensor | NamesParameters): x is NamesParameters => 'namedParameters' in x;

/** The parts of a name that the letters of layers are for. */
const partLetters: Readonly<Record<string, string>> = {
  ...{ weight: 'W', bias: 'b', scale: 'gamma', shift: 'beta', kernel: 'K' },
};

/** Those of a layer that scales and shifts each feature. */
const scalingLetters: Readonly<Record<string, string>> = { ...partLetters, weight: 'gamma', bias: 'beta' };

/** `encoder.query.weight` is W_query. */
function letterOfPath(path: string, isScaling: boolean): LetterNode {
  const parts = path.split('.');
  const last = parts.pop()!;
  // weightHhL0 is W_Hh, of layer 0.
  const [, part, rest] = /^(weight|bias)([A-Z].*)$/.exec(last) ?? [];
  if (part !== undefined) return letterFrom(`${partLetters[part]}_${rest}`);
  const own = (isScaling ? scalingLetters : partLetters)[last];
  if (own === undefined) return letterFrom([last, ...parts.slice(-1)].join('_'));
  return letterFrom([own, ...parts.slice(-1)].join('_'));
}

/** Whether a tensor is constant, with nothing but 0 and 1 in it. */
export const isMask = (x: Tensor): boolean =>
  !x.requiresGrad && x.size > 0 && x.dtype !== 'int32' && x.elements.every((element) => element === 0 || element === 1);

/** The last axis of constant rows of which each adds up to 1, such as probabilities. */
export function sumsToOneAlong(x: Tensor): number | undefined {
  const [rows, columns] = x.shape;
  if (x.requiresGrad || x.rank !== 2 || columns === undefined || columns < 2 || rows === 0) return undefined;
  const sums = x.detach().sum(1).elements;
  return x.dtype.startsWith('float') && sums.every((sum) => Math.abs(sum - 1) < 1e-6) && x.elements.every((p) => p >= 0)
    ? 1
    : undefined;
}

/** Letters for the tensors of a program. */
export class Naming {
  readonly #taken = new Set<string>();
  readonly #own = new Map<Tensor, LetterNode>();
  readonly #paths = new Map<Tensor, string>();
  readonly #lengths = new Map<string, LetterNode>();
  #axes: Axes | undefined;

  /** Takes the names that the user gave. */
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

  /** The letter that the user gave. */
  given(x: Tensor): LetterNode | undefined {
    return this.#own.get(x);
  }

  /** The tensors that the user named. */
  tensors(): Iterable<Tensor> {
    return this.#own.keys();
  }

  /** A letter that is used for nothing else. */
  fresh(letter: LetterNode): LetterNode {
    let own = letter;
    for (let i = 2; this.#taken.has(textOf(own)); i++) own = { ...letter, sub: [...letter.sub, numberNode(i)] };
    this.#taken.add(textOf(own));
    return own;
  }

  /** The letter of a leaf: data or a parameter. */
  leaf(x: Tensor): LetterNode {
    const own = this.given(x);
    if (own !== undefined) return own;
    const path = this.#paths.get(x) ?? (x.name === 'parameter' || x.name === 'buffer' ? undefined : x.name);
    if (path !== undefined) return this.fresh(letterOfPath(path, this.#scales(path, x)));
    const isMatrix = x.shape.filter((length) => length !== 1).length > 1;
    if (isMask(x)) return this.fresh(letterFrom('M'));
    if (x.requiresGrad) return this.fresh(letterFrom(isMatrix ? 'W' : 'b'));
    if (x.dtype !== 'float32' && x.dtype !== 'float64') return this.fresh(letterFrom(isMatrix ? 'M' : 't'));
    return this.fresh(letterFrom(isMatrix ? 'X' : 'x'));
  }

  /** Whether a parameter is of a layer whose weight is a vector. */
  #scales(path: string, x: Tensor): boolean {
    const weight = path.replace(/[^.]*$/, 'weight');
    const [found] = [...this.#paths].find(([, other]) => other === weight) ?? [x];
    return found.rank === 1 && /(?:^|\.)(?:weight|bias)$/.test(path) && (found !== x || path === weight);
  }

  /** The letters of a layer that is one of several, or the only one. */
  layer(name: string, layer: number | undefined): LetterNode {
    return this.fresh(withLayer(letterFrom(name), layer));
  }

  /** The letter of a length: n of what has an example a row, d_l of a layer's width. */
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

  /** Gives lengths that usually have a letter theirs. */
  nameLengths({ nodeOf, leaves, layers, axes }: Program): void {
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

/** The layers, where each takes what the one before gives. */
export function chainOf(layers: readonly RecordedLayer[]): readonly RecordedLayer[] | undefined {
  const isChain = layers.every(({ input }, l) => l === 0 || layers[l - 1]!.output === input);
  return isChain && layers.length > 1 ? layers : undefined;
}
