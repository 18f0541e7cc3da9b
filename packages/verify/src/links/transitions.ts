/** Finds the transition of a layer on the tape: the operations from its pre-activation to the next layer or the loss. */

import type { Tensor } from '@tapegrad/core';
import type { Entry, Op } from '@tapegrad/core/tape';
import { isFloat, type Primitive, type Slice } from '@tapegrad/kernels';

/** Returns the entries that have a tensor as an input, in order of execution. */
export type Consumers = (x: Tensor) => readonly Entry<Tensor>[];

/** Finds the consumers of each tensor among the entries of a tape. */
export function consumersIn(tape: readonly Entry<Tensor>[]): Consumers {
  const consumers = new Map<Tensor, Entry<Tensor>[]>();
  for (const entry of tape) {
    for (const x of new Set(entry.inputs)) {
      if (!x.requiresGrad) continue;
      const list = consumers.get(x);
      if (list === undefined) consumers.set(x, [entry]);
      else list.push(entry);
    }
  }
  return (x) => consumers.get(x) ?? [];
}

/** A section of the tape: everything computed from its start flows into its output. */
interface Segment {
  readonly entries: readonly Entry<Tensor>[];
  readonly output: Tensor;
}

interface NamedSegment extends Segment {
  /** The names of its operations. Empty if the section only moves elements. */
  readonly names: readonly string[];
  /** Whether the section is a composition of primitives that has a name, such as `gelu`. */
  readonly composed: boolean;
}

/** The transition of a part of a pre-activation, such as a gate. It ends where another computed tensor enters. */
export interface TransitionPart {
  /** The part of A_l to which the transition applies. */
  readonly preActivation: Tensor;
  readonly transition: string;
  /** The part of Z_l that the transition computes. */
  readonly output: Tensor;
}

/** The transition s_l of a layer, as found on the tape. */
export interface Transition {
  /** The names of the transition's operations, in order. If parts have separate transitions, these are separated by `|`. */
  readonly name: string;
  /** The output Z_l, if it is a single tensor of the program. */
  readonly output: Tensor | undefined;
  /** The parts of the pre-activation along an axis, in order, if each has a separate transition. */
  readonly parts: { readonly axis: number; readonly list: readonly TransitionPart[] } | undefined;
  /** The reason why the transition can't be determined; undefined if it can. */
  readonly untold: string | undefined;
}

/** Operations that move elements without changing them. */
export const movement: ReadonlySet<Op> = new Set<Op>(['reshape', 'permute', 'broadcastTo']);

/**
 * Operations that keep all elements of a tensor. `views`, below, may also keep only some elements, or join several
 * tensors.
 */
export const wholeViews: ReadonlySet<Op> = new Set<Op>(['cast', ...movement]);
export const views: ReadonlySet<Op> = new Set<Op>(['slice', 'concat', ...wholeViews]);

/** Returns whether an entry only moves elements, and keeps all of them. */
const isMovement = ({ op, inputs, output }: Entry<Tensor>): boolean =>
  movement.has(op) || (op === 'slice' && output.size === inputs[0]!.size);

/** An operand in a line of a composition: the start `x`, the result of an earlier line, or a constant. */
type LineOperand = 'x' | number | 'constant';
type Line = readonly [op: Primitive, ...operands: LineOperand[]];

/** Computes -|x|, limited by a large negative constant, which is how GELU by tanh begins. */
// biome-ignore format: a line each
const gated: readonly Line[] = [['neg', 'x'], ['where', 'constant', 0, 'x'], ['where', 'constant', 'constant', 1]];

/** Transitions that are composed of primitives, described by the entries that they leave on the tape. */
// biome-ignore format: a line each
const compositions: readonly (readonly [name: string, ...lines: Line[]])[] = [
  ['softmax', ['sub', 'x', 'constant'], ['exp', 0], ['sum', 1], ['div', 'constant', 2], ['mul', 1, 3]],
  ['logSoftmax', ['sub', 'x', 'constant'], ['exp', 0], ['sum', 1], ['log', 2], ['sub', 0, 3]],
  ['normalize', ['sub', 'x', 'constant'], ['mean', 0], ['neg', 1], ['add', 0, 2], ['mul', 3, 3], ['mean', 4],
    ['add', 5, 'constant'], ['sqrt', 6], ['div', 'constant', 7], ['mul', 3, 8]],
  ['leakyRelu', ['mul', 'x', 'constant'], ['where', 'constant', 'x', 0]],
  ['selu', ['where', 'constant', 'constant', 'x'], ['expm1', 0], ['mul', 1, 'constant'], ['where', 'constant', 'x', 2],
    ['mul', 3, 'constant']],
  ['elu', ['where', 'constant', 'constant', 'x'], ['expm1', 0], ['mul', 1, 'constant'], ['where', 'constant', 'x', 2]],
  ['clamp', ['where', 'constant', 'constant', 'x'], ['where', 'constant', 'constant', 0]],
  ['maxPool', ['maxPool', 'x', 'constant']],
  ['avgPool', ['conv', 'x', 'constant'], ['div', 0, 'constant']],
  ['silu', ['sigmoid', 'x'], ['mul', 'x', 0]],
  ['silu', ['sigmoid', 'x'], ['mul', 0, 'x']],
  ['gelu', ['mul', 'x', 'constant'], ['erfc', 0], ['mul', 1, 'constant'], ['mul', 'x', 2]],
  ['gelu', ...gated, ['mul', 2, 2], ['mul', 3, 'constant'], ['add', 4, 'constant'], ['mul', 2, 5],
    ['mul', 6, 'constant'], ['sigmoid', 7], ['mul', 2, 8], ['relu', 'x'], ['add', 9, 10]],
];

/** Returns whether entries starting at `x` match the lines of a composition. */
function areLines(lines: readonly Line[], entries: readonly Entry<Tensor>[], x: Tensor): boolean {
  const isOperand = (operand: LineOperand | undefined, input: Tensor): boolean => {
    if (operand === 'constant') return !input.requiresGrad;
    return input === (operand === 'x' ? x : entries[operand!]?.output);
  };
  return lines.every(([op, ...operands], i) => {
    const { op: found, inputs } = entries[i]!;
    return found === op && inputs.every((input, j) => isOperand(operands[j], input));
  });
}

const products: ReadonlySet<string> = new Set<Primitive>(['matmul', 'affine', 'conv', 'convInput']);

/**
 * Returns whether an entry is a product of two computed or trainable tensors. A product with a constant doesn't count:
 * it is an ordinary step.
 */
const isProduct = ({ op, inputs }: Entry<Tensor>): boolean =>
  products.has(op) && inputs.slice(0, 2).every(({ requiresGrad }) => requiresGrad);

/**
 * Returns the section from `x` to the next tensor into which everything computed from `x` flows. Returns `undefined` if
 * a product, or a concatenation with another computed tensor, comes first.
 */
function nextSegment(x: Tensor, consumers: Consumers): Segment | undefined {
  const pending = new Set(consumers(x));
  const reached = new Set([x]);
  const entries: Entry<Tensor>[] = [];
  for (;;) {
    const [first, ...others] = pending;
    if (first === undefined) return undefined;
    const entry = others.reduce((earliest, other) => (other.id < earliest.id ? other : earliest), first);
    const joins = entry.op === 'concat' && entry.inputs.some((input) => input.requiresGrad && !reached.has(input));
    if (isProduct(entry) || joins) return undefined;
    entries.push(entry);
    pending.delete(entry);
    const { output } = entry;
    if (pending.size === 0) return { entries, output };
    reached.add(output);
    for (const next of consumers(output)) pending.add(next);
  }
}

/** Returns the sections that begin at `x` and end at a tensor in `ends`, or before the next product. */
function segmentsFrom(x: Tensor, consumers: Consumers, ends: ReadonlySet<Tensor>): Segment[] {
  const segments: Segment[] = [];
  for (let at = x; !ends.has(at); at = segments.at(-1)!.output) {
    const next = nextSegment(at, consumers);
    if (next === undefined) break;
    segments.push(next);
  }
  return segments;
}

/** Turns sections into steps. Sections that form a named composition are merged into one step. */
function stepsOf(x: Tensor, segments: readonly Segment[]): NamedSegment[] {
  const steps: NamedSegment[] = [];
  for (let start = 0, from = x; start < segments.length; from = steps.at(-1)!.output) {
    const composed = compositionAt(from, segments, start);
    const { entries, output } = segments[start]!;
    const names = entries.filter((entry) => !isMovement(entry)).map(({ name }) => name);
    steps.push(composed?.step ?? { entries, output, names, composed: false });
    start = composed?.end ?? start + 1;
  }
  return steps;
}

/**
 * Looks for a named composition that the sections from index `start` form. Returns it with the index of the section
 * after it.
 */
function compositionAt(x: Tensor, segments: readonly Segment[], start: number) {
  for (const [name, ...lines] of compositions) {
    const entries: Entry<Tensor>[] = [];
    let end = start;
    while (entries.length < lines.length && end < segments.length) entries.push(...segments[end++]!.entries);
    if (entries.length !== lines.length || !areLines(lines, entries, x)) continue;
    const { output } = segments[end - 1]!;
    return { step: { names: [name], entries, output, composed: true }, end };
  }
  return undefined;
}

/** Operations that typically occur between predictions and a loss: -log p, a square, a scaling, a mean. */
const ofLosses: ReadonlySet<Op> = new Set<Op>([
  ...(['log', 'neg', 'abs', 'pow', 'sqrt', 'cast', 'sum', 'mean', 'max', 'min'] as const),
  ...movement,
]);
const arithmetic: ReadonlySet<Op> = new Set<Op>(['add', 'sub', 'mul', 'div']);

/** Returns whether a step may be part of the loss, provided that only such steps follow. */
function suitsLoss({ entries }: NamedSegment): boolean {
  if (entries.length > 1) return false;
  const { op, inputs } = entries[0]!;
  const [x, y] = inputs;
  const withNumber = inputs.some(({ requiresGrad, rank }) => !requiresGrad && rank === 0);
  return ofLosses.has(op) || (op === 'mul' && x === y) || (arithmetic.has(op) && withNumber);
}

/** Returns whether a step has data as an input, as a loss has targets. Data are float constants other than scalars. */
const takesData = ({ entries, composed }: NamedSegment): boolean =>
  !composed && entries.some(({ inputs }) => inputs.some((x) => !x.requiresGrad && x.rank > 0 && isFloat(x.dtype)));

/**
 * Removes the loss from the steps of a last layer. The loss begins where data enters or the number of elements changes.
 * It includes any loss operations just before that point.
 */
function withoutLoss(steps: readonly NamedSegment[], size: number): readonly NamedSegment[] {
  const first = steps.findIndex((step) => takesData(step) || step.output.size !== size);
  const kept = first === -1 ? steps : steps.slice(0, first);
  return kept.slice(0, kept.findLastIndex((step) => !suitsLoss(step)) + 1);
}

const nameOf = (names: readonly string[]): string => names.join(' → ') || 'identity';

/** Follows a part until an operation combines it with another computed tensor. */
function partFrom(x: Tensor, consumers: Consumers): TransitionPart | undefined {
  const segments: Segment[] = [];
  for (let output = x; ; ) {
    const next = nextSegment(output, consumers);
    if (next === undefined || next.output.size !== x.size) break;
    const own = new Set([output, ...next.entries.map((entry) => entry.output)]);
    if (!next.entries.every(({ inputs }) => inputs.every((input) => own.has(input) || !input.requiresGrad))) break;
    segments.push(next);
    output = next.output;
  }
  const steps = stepsOf(x, segments);
  const data = steps.findIndex(takesData);
  const own = data === -1 ? steps : steps.slice(0, data);
  const names = own.flatMap((step) => step.names);
  return names.length === 0 ? undefined : { preActivation: x, transition: nameOf(names), output: own.at(-1)!.output };
}

/**
 * Finds the parts into which a pre-activation is split along an axis, if each has a separate transition, as the gates
 * of a cell do.
 */
function partsOf(whole: Tensor, consumers: Consumers): Transition['parts'] {
  const [first, ...others] = consumers(whole);
  if (first !== undefined && others.length === 0 && isMovement(first)) return partsOf(first.output, consumers);
  const x = whole;
  const slices = consumers(x).map(({ op, output, attributes }) => ({ op, output, slice: attributes as Slice }));
  if (slices.length < 2 || slices.some(({ op }) => op !== 'slice')) return undefined;
  const axis = x.shape.findIndex((length, i) => slices.every(({ output }) => output.shape[i]! < length));
  if (axis === -1) return undefined;
  slices.sort((a, b) => a.slice.starts[axis]! - b.slice.starts[axis]!);
  let end = 0;
  for (const { slice, output } of slices) {
    const isNext = slice.starts[axis] === end && slice.steps.every((step) => step === 1);
    const isWhole = output.shape.every((length, i) => i === axis || length === x.shape[i]);
    if (!isNext || !isWhole) return undefined;
    end += output.shape[axis]!;
  }
  const list = slices.map(({ output }) => partFrom(output, consumers));
  return end !== x.shape[axis] || list.includes(undefined) ? undefined : { axis, list: list as TransitionPart[] };
}

const takesTogether = (name: string): string =>
  `'${name}' combines its pre-activation with another computed or trainable tensor`;

/** Explains why the operations after a tensor don't form a transition. */
function obstacleAt(x: Tensor, consumers: Consumers): string {
  const [entry, ...others] = consumers(x);
  if (others.length === 0) return takesTogether(entry!.name);
  const names = [...new Set([entry!, ...others].map(({ name }) => `'${name}'`))];
  return `its pre-activation is used in several ways: ${names.join(' and ')}`;
}

/** Finds the first entry after `x` whose inputs include another computed or trainable tensor, within a step. */
function mixtureIn(
  x: Tensor,
  { entries }: Segment,
  counts = (_input: Tensor): boolean => true,
): Entry<Tensor> | undefined {
  const own = new Set([x]);
  return entries.find(({ inputs, output }) => {
    own.add(output);
    return inputs.some((input) => input.requiresGrad && input.rank > 0 && !own.has(input) && counts(input));
  });
}

/** Returns whether a tensor is used only in a concatenation with other tensors, which leaves its elements unchanged. */
function isPutBeside(x: Tensor, consumers: Consumers): boolean {
  const [entry, ...others] = consumers(x);
  return entry?.op === 'concat' && others.length === 0;
}

/**
 * Finds the transition of a layer with pre-activation `x`. It ends at the first tensor that is the input of a layer
 * (one of `inputs`) or, before a loss, at the predictions. If the pre-activation is directly combined with another
 * computed tensor, the layer has no transition. An example is the product of queries and keys.
 */
export function transitionFrom(x: Tensor, consumers: Consumers, inputs: ReadonlySet<Tensor>): Transition {
  const all = stepsOf(x, segmentsFrom(x, consumers, inputs));
  const startOf = (i: number): Tensor => all[i - 1]?.output ?? x;
  // If the section branches, and other computed tensors enter the branches, the section isn't a chain of operations.
  // The gates of a cell are an example.
  const apart = all.findIndex((step, i) => {
    const isChain = step.composed || step.entries.length === 1;
    return !isChain && mixtureIn(startOf(i), step, (input) => input.entry !== undefined) !== undefined;
  });
  const steps = apart === -1 ? all : all.slice(0, apart);
  const end = startOf(steps.length);
  const own = apart !== -1 || inputs.has(end) ? steps : withoutLoss(steps, x.size);
  const names = own.flatMap((step) => step.names);
  const told = { name: nameOf(names), output: own.at(-1)?.output ?? x, parts: undefined, untold: undefined };
  if (names.length > 0 || inputs.has(end)) return told;
  const isWhole = consumers(end).length === 0 || isPutBeside(end, consumers);
  const mixture = all.map((step, i) => mixtureIn(startOf(i), step)).find((entry) => entry !== undefined);
  if (isWhole && mixture === undefined) return told;
  const untold = isWhole ? takesTogether(mixture!.name) : obstacleAt(end, consumers);
  const parts = partsOf(x, consumers);
  if (parts === undefined) return { name: 'unknown', output: undefined, parts, untold };
  const name = parts.list.map(({ transition }) => transition).join(' | ');
  return { name, output: undefined, parts, untold: undefined };
}
