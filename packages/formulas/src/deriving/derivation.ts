/** What was derived: formulas to read, to print and to put on trial. */

import { ArgumentError, type Gradients, type Tensor } from '@tapegrad/core';
import { type Expression, type LetterNode, mapLetters, partsOf, withParts } from '../syntax/ast.ts';
import { latexOf } from '../syntax/print-latex.ts';
import { textOf } from '../syntax/print-text.ts';
import type { Step, StepKind } from './steps.ts';
import type { TransitionLine } from './transitions.ts';
import type { Trial } from './trial.ts';
import { upright } from './writing/build.ts';
import type { Family, Line } from './writing/families.ts';

/** One formula of a derivation. */
export interface DerivedFormula {
  /** `definition` of a result on the way, `link` that several derivatives share, `gradient` that was asked for. */
  readonly kind: StepKind;
  /** The left side in plain text: `dL/dW_1`. */
  readonly name: string;
  readonly latex: string;
  readonly text: string;
  /** The layers that it is for, in the order in which they are computed; none where it is for all that there is. */
  readonly layers: readonly number[] | undefined;
  /** The tensor that it is the derivative by; none of a formula for several layers. */
  readonly by: Tensor | undefined;
}

/** What the trial of a formula found. */
export interface FormulaTrial {
  readonly name: string;
  readonly holds: boolean;
  /** The largest difference from what was computed, beside the largest element; none where it has no form to compute. */
  readonly difference: number | undefined;
}

/** What the trial of a derivation found. */
export interface DerivationTrial {
  readonly holds: boolean;
  readonly formulas: readonly FormulaTrial[];
}

/** A step with its two sides. */
export interface DerivedLine extends Line {
  readonly step: Step;
}

/** What a derivation is made of. */
export interface Parts {
  readonly lines: readonly DerivedLine[];
  readonly procedure: readonly Family<DerivedLine>[];
  /** What transitions are: of each layer, and of all as one where they are the same. */
  readonly transitions: readonly TransitionLine[];
  readonly transitionsOfLayers: readonly TransitionLine[];
  /** Data and parameters: X in R^(n x d). */
  readonly declarations: readonly Expression[];
  /** What is assumed of data, in words. */
  readonly assumptions: readonly { readonly letter: Expression; readonly words: string }[];
  readonly trial: Trial;
  /** Sweeps the tape for gradients. */
  readonly sweep: (wanted: readonly Tensor[]) => Gradients;
}

/** The same expression with other functions. */
function mapCalls(e: Expression, f: (fn: LetterNode) => LetterNode): Expression {
  const parts = partsOf(e);
  const own =
    parts.length === 0
      ? e
      : withParts(
          e,
          parts.map((part) => mapCalls(part, f)),
        );
  return own.kind === 'call' ? { ...own, fn: f(own.fn) } : own;
}

/** A chain of equal sides in one notation. */
const chain = (sides: readonly (Expression | undefined)[], print: (e: Expression) => string): string =>
  sides
    .filter((side) => side !== undefined)
    .map(print)
    .join(' = ');

const latex = (e: Expression): string => latexOf(e);

function rangeText(over: { readonly letter: LetterNode; readonly layers: readonly number[] }): string {
  return `${over.letter.name} = ${over.layers.join(', ')}`;
}

/** The larger of how far float32 and float64 may be off. */
const tolerances = { float32: 1e-3, float64: 1e-8 } as const;

/**
 * The formulas of a program's gradients, as `derive` gives them: `text` and `latex` to read, `formulas` one by one, `page`
 * to be judged by `verifyPage`, and `trial` to compare them with the tape.
 */
export class Derivation {
  /** Every step, each of its own layer. */
  readonly formulas: readonly DerivedFormula[];
  /** The same with those of several layers as one, where they differ by the number of the layer alone. */
  readonly procedure: readonly DerivedFormula[];
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.formulas = parts.lines.map((line) => derived(line.step, line, undefined));
    this.procedure = parts.procedure.map(({ left, right, lines, over, meaning }) => {
      const [first] = lines as [DerivedLine];
      return derived(first.step, { left, meaning, right, layer: undefined }, over?.layers);
    });
  }

  /** The formula of the derivative by a tensor. */
  of(x: Tensor): DerivedFormula {
    const formula = this.formulas.find(({ by }) => by === x);
    if (formula !== undefined) return formula;
    const known = this.formulas.filter(({ by }) => by !== undefined).map(({ name }) => name);
    throw new ArgumentError(`derive: no derivative by this tensor was derived; there are ${known.join(', ')}`);
  }

  /** The procedure in plain text, a formula a line. */
  get text(): string {
    const { procedure, transitions, assumptions } = this.#parts;
    const lines = procedure.map(({ left, meaning, right, over }) => {
      const formula = chain([left, meaning, right], textOf);
      return over === undefined ? formula : `${formula}    for ${rangeText(over)}`;
    });
    const functions = transitions.map(({ left, right }) => chain([left, right], textOf));
    const words = assumptions.map(({ letter, words }) => words.replace('%', textOf(letter)));
    return [...lines, ...functions, ...words].map((line) => `${line}\n`).join('');
  }

  /** The procedure in LaTeX, as the lines of one `aligned`. */
  get latex(): string {
    const { procedure, transitions } = this.#parts;
    const aligned = (left: Expression, sides: readonly (Expression | undefined)[]): string =>
      `${latex(left)} &= ${chain(sides, latex)}`;
    const lines = procedure.map(({ left, meaning, right, over }) => {
      const formula = aligned(left, [meaning, right]);
      return over === undefined ? formula : `${formula} && ${over.letter.name} = ${over.layers.join(', ')}`;
    });
    const functions = transitions.map(({ left, right }) => aligned(left, [right]));
    return `\\begin{aligned}\n${[...lines, ...functions].join(' \\\\\n')}\n\\end{aligned}`;
  }

  /** A page in Markdown with every step, for `verifyPage`: definitions as they are, derivatives as claims. */
  get page(): string {
    const { lines, declarations, transitionsOfLayers: transitions, assumptions } = this.#parts;
    const declared = declarations.map((e) => `$${latex(e)}$`).join(', ');
    const words = assumptions.map(({ letter, words }) => words.replace('%', `$${latex(letter)}$`)).join(' ');
    // Links as the derivatives that they are: a page need not define their letters.
    const meanings = new Map(
      lines.flatMap(({ left, meaning }) => (meaning === undefined ? [] : [[textOf(left), meaning]])),
    );
    const functions = new Map(transitions.flatMap(({ name, letter }) => (name === undefined ? [] : [[letter, name]])));
    const spelled = (e: Expression): Expression =>
      mapCalls(
        mapLetters(e, (letter) => meanings.get(textOf(letter)) ?? letter),
        (fn) => {
          const name = functions.get(textOf({ ...fn, primes: 0 }));
          return name === undefined ? fn : { ...upright(name), primes: fn.primes };
        },
      );
    const formulas = lines.map(({ left, right }) => `$$${chain([spelled(left), spelled(right)], latex)}$$`);
    const defined = transitions.flatMap(({ name, left, right }) =>
      name === undefined && left.fn.primes === 0 ? [`$$${chain([left, right], latex)}$$`] : [],
    );
    return [declared, words, ...defined, ...formulas]
      .filter((part) => part !== '')
      .join('\n\n')
      .concat('\n');
  }

  /**
   * Evaluates each formula as it is written, in float64 on the program's data, beside what the rule table gives for it, and
   * each gradient beside the tape's own. This takes as long as the sums take that are written down: for small programs.
   */
  trial(): DerivationTrial {
    const { lines, trial, sweep } = this.#parts;
    const wanted = lines.flatMap(({ step }) => step.by ?? []);
    const gradients = sweep(wanted);
    trial.measure(lines.map(({ step }) => step));
    const formulas = lines.map(({ step, left }): FormulaTrial => {
      const own = trial.deviation(step);
      const gradient = step.by !== undefined && gradients.has(step.by) ? gradients.of(step.by) : undefined;
      const fromTape = gradient === undefined ? 0 : trial.fromTape(step, gradient);
      const difference = Math.max(own.difference, fromTape);
      const dtype = gradient?.dtype === 'float32' ? 'float32' : 'float64';
      const holds = own.difference <= tolerances.float64 && fromTape <= tolerances[dtype];
      return {
        name: textOf(left),
        holds,
        difference: step.term === undefined && gradient === undefined ? undefined : difference,
      };
    });
    return { holds: formulas.every(({ holds }) => holds), formulas };
  }

  toString(): string {
    return this.text;
  }
}

function derived(step: Step, { left, meaning, right }: Line, layers: readonly number[] | undefined): DerivedFormula {
  const sides = [left, meaning, right];
  return {
    kind: step.kind,
    name: textOf(left),
    latex: chain(sides, latex),
    text: chain(sides, textOf),
    layers,
    by: layers === undefined ? step.by : undefined,
  };
}
