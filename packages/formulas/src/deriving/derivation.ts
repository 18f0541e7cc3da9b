/** The result of a derivation: formulas to read, print and check. */

import { ArgumentError, type Gradients, type Tensor } from '@tapegrad/core';
import { type Expression, type LetterNode, mapLetters, partsOf, withParts } from '../syntax/ast.ts';
import { latexOf } from '../syntax/print-latex.ts';
import { textOf } from '../syntax/print-text.ts';
import type { DerivationStep, StepKind } from './steps.ts';
import type { TransitionLine } from './transitions.ts';
import type { StepValues } from './trial.ts';
import { upright } from './writing/build.ts';
import type { Family, Line } from './writing/families.ts';

/** One formula of a derivation. */
export interface DerivedFormula {
  /**
   * `definition` for an intermediate result, `link` for a derivative that others use, `gradient` for a requested
   * derivative.
   */
  readonly kind: StepKind;
  /** The left side in plain text: `dL/dW_1`. */
  readonly name: string;
  readonly latex: string;
  readonly text: string;
  /**
   * The layers that a merged formula applies to, in order of computation; undefined for a formula that was not merged.
   */
  readonly layers: readonly number[] | undefined;
  /** The tensor with respect to which a gradient is taken; undefined for other formulas, and for merged ones. */
  readonly by: Tensor | undefined;
}

/** The result of checking one formula. */
export interface FormulaTrial {
  readonly name: string;
  readonly holds: boolean;
  /**
   * The largest difference from the computed values, relative to the largest element; undefined if the formula can't be
   * evaluated.
   */
  readonly difference: number | undefined;
}

/** The result of checking a derivation. */
export interface DerivationTrial {
  readonly holds: boolean;
  readonly formulas: readonly FormulaTrial[];
}

/** A step with both of its sides. */
export interface DerivedLine extends Line {
  readonly step: DerivationStep;
}

/** The parts of a derivation. */
export interface Parts {
  readonly lines: readonly DerivedLine[];
  readonly procedure: readonly Family<DerivedLine>[];
  /** The definitions of transitions: one for each layer, or a single one if all layers have the same. */
  readonly transitions: readonly TransitionLine[];
  readonly transitionsOfLayers: readonly TransitionLine[];
  /** Declarations of data and parameters: X in R^(n x d). */
  readonly declarations: readonly Expression[];
  /** Assumptions about the data, in words. */
  readonly assumptions: readonly { readonly letter: Expression; readonly words: string }[];
  readonly trial: StepValues;
  /** Computes gradients by a backward pass over the tape. */
  readonly sweep: (wanted: readonly Tensor[]) => Gradients;
}

/** Replaces the functions in an expression. */
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

/** Prints a chain of equal sides in one notation. */
const chain = (sides: readonly (Expression | undefined)[], print: (e: Expression) => string): string =>
  sides
    .filter((side) => side !== undefined)
    .map(print)
    .join(' = ');

const latex = (e: Expression): string => latexOf(e);

function rangeText(over: { readonly letter: LetterNode; readonly layers: readonly number[] }): string {
  return `${over.letter.name} = ${over.layers.join(', ')}`;
}

/** The allowed relative errors of float32 and float64; if both are involved, the larger one applies. */
const tolerances = { float32: 1e-3, float64: 1e-8 } as const;

/**
 * The formulas of a program's gradients, as returned by `derive`. Read them as `text`, `latex` or single `formulas`.
 * `page` can be judged by `verifyPage`, and `trial` compares the formulas with the tape.
 */
export class Derivation {
  /** All steps, each for a single layer. */
  readonly formulas: readonly DerivedFormula[];
  /** The same steps, with those that differ only in the layer number merged. */
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

  /** Returns the formula of the derivative with respect to a tensor. */
  of(x: Tensor): DerivedFormula {
    const formula = this.formulas.find(({ by }) => by === x);
    if (formula !== undefined) return formula;
    const known = this.formulas.filter(({ by }) => by !== undefined).map(({ name }) => name);
    throw new ArgumentError(
      `derive: no derivative with respect to this tensor was derived; the derived ones are ${known.join(', ')}`,
    );
  }

  /** The procedure in plain text, with one formula per line. */
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

  /** The procedure in LaTeX, as the lines of one `aligned` environment. */
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

  /** A Markdown page with every step, for `verifyPage`: definitions as given, derivatives as claims. */
  get page(): string {
    const { lines, declarations, transitionsOfLayers: transitions, assumptions } = this.#parts;
    const declared = declarations.map((e) => `$${latex(e)}$`).join(', ');
    const words = assumptions.map(({ letter, words }) => words.replace('%', `$${latex(letter)}$`)).join(' ');
    // Writes the letter of each link as the derivative that it denotes, so that the page need not define the letter.
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
   * Evaluates each formula as written, in float64 on the program's data. Compares it with the rule table's result, and
   * each gradient with the tape's. Sums are evaluated term by term, so use this for small programs.
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

function derived(
  step: DerivationStep,
  { left, meaning, right }: Line,
  layers: readonly number[] | undefined,
): DerivedFormula {
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
