/** Formulas as trees: what is written, before it is known what letters mean. */

import type { Span } from '../text/source.ts';

interface Common {
  readonly span: Span;
  /** Whether the page's own text at `span` says just this. Edited and expanded nodes have none. */
  readonly verbatim: boolean;
}

/** The alphabet that a letter is set in. */
export type Alphabet = 'plain' | 'bold' | 'calligraphic' | 'blackboard' | 'fraktur' | 'upright';

export interface NumberNode extends Common {
  readonly kind: 'number';
  /** As it is written, a decimal number. */
  readonly text: string;
}

export interface LetterNode extends Common {
  readonly kind: 'letter';
  /** `W`, `delta`, `softmax`. */
  readonly name: string;
  readonly alphabet: Alphabet;
  /** `hat`, `bar`, `tilde`, …, from the inside out. */
  readonly accents: readonly string[];
  readonly primes: number;
  readonly sub: readonly Expression[];
  readonly sup: readonly Expression[];
  /** How superscripts are set: z^l, z^{(l)}, z^{[l]}. */
  readonly brackets: '' | '(' | '[';
  /** The point that is meant, where it stands behind the layer: a^{[2](i)}. */
  readonly point: Expression | undefined;
  /** Where its name alone stands, \mathbf{W} say, if the page has a text for it. */
  readonly face: Span | undefined;
}

/** What stands in brackets. */
export interface GroupNode extends Common {
  readonly kind: 'group';
  readonly open: string;
  readonly close: string;
  readonly body: Expression;
}

export interface SumNode extends Common {
  readonly kind: 'sum';
  readonly terms: readonly Expression[];
  /** Whether each term is subtracted. */
  readonly minus: readonly boolean[];
}

export type ProductMark = '' | 'cdot' | 'times';

/** Factors side by side: products of matrices, of numbers with anything. */
export interface ProductNode extends Common {
  readonly kind: 'product';
  readonly factors: readonly Expression[];
  /** What stands before each factor but the first. */
  readonly marks: readonly ProductMark[];
}

export type LooseMark = 'odot' | 'circ' | 'ast' | 'otimes' | 'oslash';

/** Products that bind less tightly: Hadamard's and Kronecker's. */
export interface LooseNode extends Common {
  readonly kind: 'loose';
  readonly mark: LooseMark;
  readonly left: Expression;
  readonly right: Expression;
}

export interface FractionNode extends Common {
  readonly kind: 'fraction';
  readonly numerator: Expression;
  readonly denominator: Expression;
  readonly slash: boolean;
}

export interface PowerNode extends Common {
  readonly kind: 'power';
  readonly base: Expression;
  readonly exponent: Expression;
  /** Of each element: x^{\odot 2}. */
  readonly elementwise: boolean;
}

export interface TransposeNode extends Common {
  readonly kind: 'transpose';
  readonly of: Expression;
  /** As the page writes it: `T`, `\top`, `\mathsf{T}`, `'`. */
  readonly mark: string;
}

export interface InverseNode extends Common {
  readonly kind: 'inverse';
  readonly of: Expression;
}

/** An element of what is no letter: (W x)_i. */
export interface ElementNode extends Common {
  readonly kind: 'element';
  readonly of: Expression;
  readonly indices: readonly Expression[];
}

/** A function of something: a letter, σ_l'(a), or a known one, tanh z. */
export interface CallNode extends Common {
  readonly kind: 'call';
  readonly fn: LetterNode;
  readonly args: readonly Expression[];
  /** The brackets around the arguments; none in \log x. */
  readonly open: string;
}

export type BigOperator = 'sum' | 'prod' | 'max' | 'min' | 'mean';

/** Σ_{i=1}^n body. */
export interface BigNode extends Common {
  readonly kind: 'big';
  readonly op: BigOperator;
  readonly indices: readonly LetterNode[];
  readonly from: Expression | undefined;
  readonly to: Expression | undefined;
  /** A condition on the indices, j \ne i say. */
  readonly condition: Expression | undefined;
  readonly body: Expression;
}

export type DerivativeMark = 'partial' | 'd' | 'nabla' | 'subscript' | 'slash' | 'differential';

/** ∂of/∂by. */
export interface DerivativeNode extends Common {
  readonly kind: 'derivative';
  readonly mark: DerivativeMark;
  /** None where an operator stands alone. */
  readonly of: Expression;
  /** Several for a higher derivative. A transposed one says how the derivative is laid out. */
  readonly by: readonly Expression[];
  /** Whether `of` stands behind the fraction. */
  readonly behind: boolean;
}

export interface NormNode extends Common {
  readonly kind: 'norm';
  readonly of: Expression;
  /** `2`, `1`, `F`, `infty`; none where nothing is said. */
  readonly order: string | undefined;
}

export interface AbsoluteNode extends Common {
  readonly kind: 'absolute';
  readonly of: Expression;
}

export interface InnerNode extends Common {
  readonly kind: 'inner';
  readonly left: Expression;
  readonly right: Expression;
}

/** [z > 0], 1{z > 0}. */
export interface IndicatorNode extends Common {
  readonly kind: 'indicator';
  readonly condition: Expression;
}

export type Comparison = '=' | '<' | '>' | 'le' | 'ge' | 'ne' | 'in';

export interface CompareNode extends Common {
  readonly kind: 'compare';
  readonly op: Comparison;
  readonly left: Expression;
  readonly right: Expression;
}

export interface MatrixNode extends Common {
  readonly kind: 'matrix';
  readonly rows: readonly (readonly Expression[])[];
}

export interface CasesNode extends Common {
  readonly kind: 'cases';
  readonly rows: readonly { readonly value: Expression; readonly condition: Expression | undefined }[];
}

/** a, b, c; and {a, b, c}. */
export interface TupleNode extends Common {
  readonly kind: 'tuple';
  readonly items: readonly Expression[];
}

/** Words, in \text. */
export interface ProseNode extends Common {
  readonly kind: 'prose';
  readonly text: string;
}

/** …, and : between bounds. */
export interface DotsNode extends Common {
  readonly kind: 'dots';
}

export type Expression =
  | NumberNode
  | LetterNode
  | GroupNode
  | SumNode
  | ProductNode
  | LooseNode
  | FractionNode
  | PowerNode
  | TransposeNode
  | InverseNode
  | ElementNode
  | CallNode
  | BigNode
  | DerivativeNode
  | NormNode
  | AbsoluteNode
  | InnerNode
  | IndicatorNode
  | CompareNode
  | MatrixNode
  | CasesNode
  | TupleNode
  | ProseNode
  | DotsNode;

/** Where a node that was made stands: nowhere. */
export const nowhere: Span = { start: 0, end: 0 };

export const made = { span: nowhere, verbatim: false } as const;

/** A letter without indices. */
export const letterOf = (
  common: Common,
  name: string,
  { alphabet = 'plain', accents = [], face }: Partial<Pick<LetterNode, 'alphabet' | 'accents' | 'face'>> = {},
): LetterNode => ({
  ...common,
  kind: 'letter',
  name,
  alphabet,
  accents,
  primes: 0,
  sub: [],
  sup: [],
  brackets: '',
  point: undefined,
  face,
});

export const number = (value: number): NumberNode => ({ ...made, kind: 'number', text: String(value) });

/** The expressions that an expression is made of, indices aside. */
export function partsOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case 'group':
      return [e.body];
    case 'sum':
      return e.terms;
    case 'product':
      return e.factors;
    case 'loose':
    case 'inner':
    case 'compare':
      return [e.left, e.right];
    case 'fraction':
      return [e.numerator, e.denominator];
    case 'power':
      return [e.base, e.exponent];
    case 'transpose':
    case 'inverse':
    case 'norm':
    case 'absolute':
    case 'element':
      return [e.of];
    case 'call':
      return e.args;
    case 'big':
      return e.condition === undefined ? [e.body] : [e.body, e.condition];
    case 'derivative':
      return [e.of, ...e.by];
    case 'indicator':
      return [e.condition];
    case 'matrix':
      return e.rows.flat();
    case 'cases':
      return e.rows.flatMap(({ value, condition }) => (condition === undefined ? [value] : [value, condition]));
    case 'tuple':
      return e.items;
    default:
      return [];
  }
}

/** The same expression of other parts, given in the order of `partsOf`. */
export function withParts(e: Expression, parts: readonly Expression[]): Expression {
  const [first, second] = parts as readonly [Expression, Expression];
  const base = { ...e, verbatim: false };
  switch (base.kind) {
    case 'group':
      return { ...base, body: first };
    case 'sum':
      return { ...base, terms: parts };
    case 'product':
      return { ...base, factors: parts };
    case 'loose':
    case 'inner':
    case 'compare':
      return { ...base, left: first, right: second };
    case 'fraction':
      return { ...base, numerator: first, denominator: second };
    case 'power':
      return { ...base, base: first, exponent: second };
    case 'transpose':
    case 'inverse':
    case 'norm':
    case 'absolute':
    case 'element':
      return { ...base, of: first };
    case 'call':
      return { ...base, args: parts };
    case 'big':
      return { ...base, body: first, condition: base.condition === undefined ? undefined : second };
    case 'derivative':
      return { ...base, of: first, by: parts.slice(1) };
    case 'indicator':
      return { ...base, condition: first };
    case 'matrix': {
      const rest = [...parts];
      return { ...base, rows: base.rows.map((row) => rest.splice(0, row.length)) };
    }
    case 'cases': {
      const rest = [...parts];
      const rows = base.rows.map(({ condition }) => ({
        value: rest.shift()!,
        condition: condition === undefined ? undefined : rest.shift(),
      }));
      return { ...base, rows };
    }
    case 'tuple':
      return { ...base, items: parts };
    default:
      return base;
  }
}

/** Walks an expression, from the outside in, with the indices of letters and the bounds of sums. */
export function walk(e: Expression, visit: (e: Expression) => void): void {
  visit(e);
  for (const part of partsOf(e)) walk(part, visit);
  if (e.kind === 'letter') for (const index of [...e.sub, ...e.sup]) walk(index, visit);
  if (e.kind === 'element') for (const index of e.indices) walk(index, visit);
  if (e.kind === 'call') walk(e.fn, visit);
  if (e.kind === 'big') for (const bound of [e.from, e.to]) if (bound !== undefined) walk(bound, visit);
}

/** The same expression with something else in the place of its letters that are no indices. What is not changed stays. */
export function mapLetters(e: Expression, f: (letter: LetterNode) => Expression): Expression {
  if (e.kind === 'letter') return f(e);
  const parts = partsOf(e);
  const mapped = parts.map((part) => mapLetters(part, f));
  const isSame = mapped.every((part, i) => part === parts[i]);
  return isSame ? e : { ...withParts(e, mapped), verbatim: e.verbatim };
}

/** An expression without the brackets around it. */
export function bare(e: Expression): Expression {
  let inside = e;
  while (inside.kind === 'group') inside = inside.body;
  return inside;
}

/** How letters are told apart, indices aside. */
export function keyOf({ name, alphabet, accents }: LetterNode): string {
  const set = alphabet === 'plain' ? '' : `${alphabet} `;
  return `${accents.map((accent) => `${accent} `).join('')}${set}${name}`;
}
