/**
 * Einstein summation, composed of reshapes, permutations, sums, and one batched matrix product for each pair of
 * operands.
 */

import {
  ArgumentError,
  type ArrayLike,
  DTypeError,
  formatShape,
  type Kernels,
  ShapeError,
  sizeOf,
} from '@tapegrad/kernels';
import { describeValue } from './checks/describe-value.ts';

/** An operand whose axes have labels, one for each axis. */
interface Labelled<A> {
  readonly x: A;
  readonly labels: readonly string[];
}

interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

// The axes of an ellipsis are counted from the last, so that they broadcast.
const ellipsisLabel = (fromEnd: number): string => `...${fromEnd}`;

function labelsOf(term: string, equation: string, rank?: number): string[] {
  if (!/^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/.test(term)) {
    throw new ArgumentError(`einsum: '${term}' in '${equation}' is not a list of letters with at most one '...'`);
  }
  const [before, after] = term.split('...') as [string, string?];
  if (after === undefined) return [...before];
  const hidden = Math.max(0, (rank ?? 0) - before.length - after.length);
  return [...before, ...Array.from({ length: hidden }, (_, i) => ellipsisLabel(hidden - i)), ...after];
}

function parse(equation: string, operands: readonly ArrayLike[]): Equation {
  if (typeof equation !== 'string')
    throw new ArgumentError(`einsum: expected an equation, got ${describeValue(equation)}`);
  const compact = equation.replaceAll(' ', '');
  const [left, right, ...more] = compact.split('->') as [string, string?, ...string[]];
  const terms = left.split(',');
  if (more.length > 0) throw new ArgumentError(`einsum: '${equation}' has more than one '->'`);
  if (terms.length !== operands.length) {
    throw new ArgumentError(`einsum: expected ${terms.length} operands for '${equation}', got ${operands.length}`);
  }
  const inputs = terms.map((term, i) => labelsOf(term, equation, operands[i]!.shape.length));
  const hidden = new Set(inputs.flat().filter((label) => label.startsWith('...')));
  const broadcast = Array.from(hidden, (_, i) => ellipsisLabel(hidden.size - i));
  if (right === undefined) {
    const letters = inputs.flat().filter((label) => !label.startsWith('...'));
    const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label)).sort();
    return { inputs, output: [...broadcast, ...once] };
  }
  const output = labelsOf(right, equation, broadcast.length + right.replace('...', '').length);
  const known = new Set(inputs.flat());
  for (const label of output) {
    if (!known.has(label))
      throw new ArgumentError(`einsum: '${label}' of the output does not occur in any operand of '${equation}'`);
  }
  if (new Set(output).size !== output.length) {
    throw new ArgumentError(`einsum: the output of '${equation}' repeats a label`);
  }
  return { inputs, output };
}

function checkDTypes(operands: readonly ArrayLike[]): void {
  const [first, ...rest] = operands.map(({ dtype }) => dtype);
  if (first === 'bool') throw new DTypeError('einsum: expected numbers, got bool; cast it first');
  const other = rest.find((dtype) => dtype !== first);
  if (other !== undefined) throw new DTypeError(`einsum: operands are ${first} and ${other}; cast one of them`);
}

/** Returns the length of every label. Throws if operands disagree. */
function lengthsOf(equation: string, operands: readonly Labelled<ArrayLike>[]): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const { x, labels } of operands) {
    if (labels.length !== x.shape.length) {
      throw new ShapeError(`einsum: '${labels.join('')}' of '${equation}' does not fit shape ${formatShape(x.shape)}`);
    }
    labels.forEach((label, i) => {
      const length = x.shape[i]!;
      const known = lengths.get(label);
      const broadcasts = label.startsWith('...') && (known === 1 || length === 1);
      if (known !== undefined && known !== length && !broadcasts) {
        const which = label.startsWith('...') ? `axis ${label.slice(3)} from the end of '...'` : `'${label}'`;
        throw new ShapeError(`einsum: ${which} in '${equation}' is both ${known} and ${length} long`);
      }
      lengths.set(label, known === undefined || known === 1 ? length : known);
    });
  }
  return lengths;
}

/** Takes the diagonal for labels repeated within one operand. */
function diagonals<A extends ArrayLike>(k: Kernels<A>, { x, labels }: Labelled<A>): Labelled<A> {
  const second = labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (second === -1) return { x, labels };
  const first = labels.indexOf(labels[second]!);
  const length = x.shape[first]!;
  const rest = labels.map((_, i) => i).filter((i) => i !== first && i !== second);
  const outer = rest.map((i) => x.shape[i]!);
  // In the flattened square, diagonal entries are length + 1 apart.
  const square = k.reshape(k.permute(x, [...rest, first, second]), [...outer, length * length]);
  const diagonal = k.slice(square, {
    starts: square.shape.map(() => 0),
    sizes: [...outer, length],
    steps: [...outer.map(() => 1), length + 1],
  });
  return diagonals(k, { x: diagonal, labels: [...rest.map((i) => labels[i]!), labels[first]!] });
}

/** Sums over the axes whose labels are not wanted. */
function sumOut<A extends ArrayLike>(
  k: Kernels<A>,
  { x, labels }: Labelled<A>,
  wanted: ReadonlySet<string>,
): Labelled<A> {
  const axes = labels.flatMap((label, i) => (wanted.has(label) ? [] : [i]));
  if (axes.length === 0) return { x, labels };
  const kept = labels.filter((label) => wanted.has(label));
  const shape = x.shape.filter((_, i) => !axes.includes(i));
  return { x: k.reshape(k.sum(x, axes), shape), labels: kept };
}

/** Permutes the axes of an operand into the order of `labels`, with axes of length 1 for missing labels. */
function arrange<A extends ArrayLike>(k: Kernels<A>, operand: Labelled<A>, labels: readonly string[]): A {
  const present = labels.filter((label) => operand.labels.includes(label));
  const permuted = k.permute(
    operand.x,
    present.map((label) => operand.labels.indexOf(label)),
  );
  let next = 0;
  return k.reshape(
    permuted,
    labels.map((label) => (operand.labels.includes(label) ? permuted.shape[next++]! : 1)),
  );
}

/** Multiplies two operands and sums over the labels that are not wanted, in one batched matrix product. */
function contract<A extends ArrayLike>(
  k: Kernels<A>,
  left: Labelled<A>,
  right: Labelled<A>,
  wanted: ReadonlySet<string>,
): Labelled<A> {
  const a = sumOut(k, left, new Set([...wanted, ...right.labels]));
  const b = sumOut(k, right, new Set([...wanted, ...left.labels]));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const inner = shared.filter((label) => !wanted.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));

  const x = arrange(k, a, [...batch, ...rows, ...inner]);
  const y = arrange(k, b, [...batch, ...inner, ...columns]);
  const lengths = (z: A, from: number, count: number) => z.shape.slice(from, from + count);
  const rowShape = lengths(x, batch.length, rows.length);
  const columnShape = lengths(y, batch.length + inner.length, columns.length);
  const depth = sizeOf(lengths(x, batch.length + rows.length, inner.length));
  const product = k.matmul(
    k.reshape(x, [...lengths(x, 0, batch.length), sizeOf(rowShape), depth]),
    k.reshape(y, [...lengths(y, 0, batch.length), depth, sizeOf(columnShape)]),
  );
  const batchShape = product.shape.slice(0, batch.length);
  return {
    x: k.reshape(product, [...batchShape, ...rowShape, ...columnShape]),
    labels: [...batch, ...rows, ...columns],
  };
}

/** Runs an equation such as `'bij,bjk->bik'` on its operands. */
export function einsum<A extends ArrayLike>(k: Kernels<A>, equation: string, operands: readonly A[]): A {
  const { inputs, output } = parse(equation, operands);
  checkDTypes(operands);
  const labelled = operands.map((x, i) => ({ x, labels: inputs[i]! }));
  const lengths = lengthsOf(equation, labelled);
  // Under an ellipsis, axes of length 1 broadcast. Contraction needs them stretched to full length.
  const full = labelled.map(({ x, labels }) => ({
    x: k.broadcastTo(
      x,
      labels.map((label) => lengths.get(label)!),
    ),
    labels,
  }));
  const [first, ...rest] = full.map((operand) => diagonals(k, operand));
  let result = first!;
  rest.forEach((operand, i) => {
    const later = rest.slice(i + 1).flatMap(({ labels }) => labels);
    result = contract(k, result, operand, new Set([...output, ...later]));
  });
  const summed = sumOut(k, result, new Set(output));
  return k.permute(
    summed.x,
    output.map((label) => summed.labels.indexOf(label)),
  );
}
