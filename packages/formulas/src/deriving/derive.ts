/** Derives formulas of a program's gradients by running the tape's rules on expressions. */

import type { Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import type { Node } from '../running/graph.ts';
import { type Expression, letterOf, made, mapLetters, number as numberNode } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import { Derivation, type DerivedLine } from './derivation.ts';
import { chainOf, type Names, Naming } from './naming/naming.ts';
import { isOfMatrix } from './recording/linear-algebra.ts';
import { type RecordedProgram, recordProgram } from './recording/record.ts';
import { type DerivationStep, StepBuilder } from './steps.ts';
import { derivativeBy, letterFrom, type Quantity } from './terms/quantities.ts';
import { nodesIn, readsOutside } from './terms/terms.ts';
import { transitionLines, transitionsOfLayers } from './transitions.ts';
import { StepValues } from './trial.ts';
import { written } from './write.ts';
import { type Family, families, foldedSums } from './writing/families.ts';

/** The options of `derive`. */
export interface DeriveOptions {
  /**
   * Letters for tensors: data, parameters, intermediate results. A module names its parameters by their paths. If the
   * tensors exist only after the program ran, pass a function. Other tensors get letters automatically.
   */
  readonly names?: Names | (() => Names);
  /** The tensors to differentiate with respect to. Defaults to all that require a gradient. */
  readonly by?: readonly Tensor[];
  /** The letter of the loss. Defaults to `L`. */
  readonly loss?: string;
}

/** Returns the quantities that steps use without defining them. */
function givenIn(steps: readonly DerivationStep[], builder: StepBuilder): Quantity[] {
  const found = new Map<Node, Quantity>();
  for (const { term, operands } of steps) {
    const nodes = [...(term === undefined ? [] : nodesIn(term)), ...operands.map((operand) => operand.node)];
    for (const node of nodes.flatMap((of) => (isOfMatrix(of) ? [of, ...of.inputs] : [of]))) {
      const quantity = builder.quantityOf(node);
      if (quantity?.kind === 'given' || quantity?.kind === 'parameter') found.set(node, quantity);
    }
  }
  return [...found.values()];
}

/** Returns a declaration such as X in R^(n x d). */
function declarationOf({ node, face }: Quantity, { axes }: RecordedProgram, naming: Naming): Expression | undefined {
  const lengths = node.shape.flatMap((value, axis): Expression[] =>
    value === 1 ? [] : [naming.length({ kind: 'length', name: axes.classOf(node.id, axis), value })],
  );
  const [first, second, ...others] = lengths;
  if (others.length > 0) return undefined;
  const reals = letterOf(made, 'R', { alphabet: 'blackboard' });
  const size = first === undefined ? numberNode(1) : second === undefined ? first : timesOf(first, second);
  return {
    ...made,
    kind: 'compare',
    op: 'in',
    left: face,
    right: { ...made, kind: 'power', base: reals, exponent: size, elementwise: false },
  };
}

const timesOf = (a: Expression, b: Expression): Expression => ({
  ...made,
  kind: 'product',
  factors: [a, b],
  marks: ['times'],
});

/** Replaces the input of the first layer by Z_0. Other letters stay the same. */
function withZ0(e: Expression, input: string): Expression {
  return mapLetters(e, (letter) => (textOf(letter) === input ? { ...letterFrom('Z'), sub: [numberNode(0)] } : letter));
}

/** Returns whether a line is a derivative with respect to a parameter. These come after all links. */
const isLate = ({ step }: DerivedLine): boolean => step.kind === 'gradient';

/**
 * Merges the lines that differ only in the layer number. If that lets more lines merge, writes the network's input X
 * as Z_0, and adds the line Z_0 = X.
 */
function procedureOf(
  lines: readonly DerivedLine[],
  program: RecordedProgram,
  builder: StepBuilder,
): Family<DerivedLine>[] {
  const folded = lines.map((line) => ({ ...line, right: foldedSums(line.right) }));
  const chain = chainOf(program.layers);
  const node = chain && program.nodeOf(chain[0]!.input);
  const face = node && builder.quantityOf(node)?.face;
  if (face?.kind !== 'letter' || node?.op !== 'leaf') return families(folded, isLate);
  const named = folded.map((line) => ({ ...line, right: withZ0(line.right, textOf(face)) }));
  const found = families(named, isLate);
  const isUsed = found.some(
    ({ over, lines: own }) => over !== undefined && own.some((line, i) => line.right !== folded[i]?.right),
  );
  if (!isUsed) return families(folded, isLate);
  const [first] = lines as [DerivedLine];
  const start: Family<DerivedLine> = {
    left: { ...letterFrom('Z'), sub: [numberNode(0)] },
    meaning: undefined,
    right: face,
    lines: [{ ...first, step: { ...first.step, kind: 'definition', by: undefined } }],
    over: undefined,
  };
  return [start, ...found];
}

/**
 * Derives the formulas of a loss's gradients in standard notation. It runs the program, and then the rule table of the
 * tape, on expressions in place of arrays. Links, such as delta_l = dL/dA_l of a layer, are kept as letters. Sums over
 * indices become matrix products, and formulas that differ only in the layer number are merged.
 *
 * The program may use all functions of core, and modules. Pass a function that computes the loss, or the loss itself;
 * then only its tape is known. An operation that can't be written as a formula appears under its own name. The formulas
 * hold away from kinks; at kinks, the tape follows conventions.
 *
 * @throws ArgumentError if the argument is not a program, TapeError if the loss doesn't depend on a tensor that
 *   requires a gradient.
 * @example
 * import { derive } from '@tapegrad/formulas';
 *
 * const x = tensor([[1, 2], [3, 4], [5, 6]]);
 * const y = tensor([[1], [0], [1]]);
 * const w = parameter(tensor([[0.5], [-1]]));
 * const derivation = derive(() => square(x.matmul(w).sub(y)).mean(), { names: { X: x, y, w } });
 * derivation.of(w).text; // 'dL/dw = X^T delta'
 * derivation.trial().holds; // true
 */
export function derive(program: (() => Tensor) | Tensor, options: DeriveOptions = {}): Derivation {
  const { names = {}, loss = 'L', by } = options;
  if (typeof program !== 'function') checkTensor('derive', program);
  const naming = new Naming();
  const recorded = recordProgram(program, () => {
    naming.give(typeof names === 'function' ? names() : names);
    return new Set(naming.tensors());
  });
  const { leaves } = recorded;
  const builder = new StepBuilder(recorded, naming, naming.fresh(letterFrom(loss)));
  const steps = builder.build(by ?? [...leaves.values()].filter((x) => x.requiresGrad));
  naming.nameLengths(recorded);
  const lines = steps.map((step): DerivedLine => {
    const of = step.kind === 'link' ? builder.derivedBy(step.quantity.node) : undefined;
    const isLetter = step.quantity.face.kind === 'letter';
    const meaning = of === undefined || !isLetter ? undefined : derivativeBy(builder.loss, of.face);
    return { step, layer: step.quantity.layer, ...written(step, naming.length, meaning) };
  });
  const given = givenIn(steps, builder);
  const isPadded = steps.some(({ term }) => term !== undefined && readsOutside(term));
  const assumptions = given
    .filter(({ sumsToOne }) => sumsToOne === 1)
    .map(({ face, node }) => ({
      letter: face,
      words: node.op === 'leaf' ? 'Each row of % sums to 1.' : 'Each row of % is one-hot.',
    }));
  if (isPadded) assumptions.push({ letter: builder.loss, words: 'Entries outside an array are 0.' });
  return new Derivation({
    lines,
    procedure: procedureOf(lines, recorded, builder),
    transitions: transitionLines(recorded, naming.length),
    transitionsOfLayers: transitionsOfLayers(recorded, naming.length),
    declarations: given.flatMap((quantity) => declarationOf(quantity, recorded, naming) ?? []),
    assumptions,
    trial: new StepValues(recorded),
    sweep: (wanted) => recorded.tensor.backward({ wanted: [...wanted], retainGraph: true }),
  });
}
