/** Formulas as syntax trees, before letters have a meaning. */

import type { Span } from '../text/source.ts';

interface Common {
  readonly span: Span;
  /** Whether the page's text at `span` is exactly this node. It isn't for edited nodes and expanded macros. */
  readonly verbatim: boolean;
}

/** The alphabet of a letter. */
export type Alphabet = 'plain' | 'bold' | 'calligraphic' | 'blackboard' | 'fraktur' | 'upright';

export interface NumberNode extends Common {
  readonly kind: 'number';
  /** The decimal number as written. */
  readonly text: string;
}

export interface LetterNode extends Common {
  readonly kind: 'letter';
  /** `W`, `delta`, `softmax`. */
  readonly name: string;
  readonly alphabet: Alphabet;
  /** `hat`, `bar`, `tilde`, …, innermost first. */
  readonly accents: readonly string[];
  readonly primes: number;
  /** Whether the primes belong to its name: z and z' are different letters. */
  readonly isPrimedName?: true;
  readonly sub: readonly Expression[];
  readonly sup: readonly Expression[];
  /** The brackets of superscripts: z^l, z^{(l)}, z^{[l]}. */
  readonly brackets: '' | '(' | '[';
  /** The index of the point, if it follows the layer: a^{[2](i)}. */
  readonly point: Expression | undefined;
  /** The span of its name alone, such as \mathbf{W}, if it occurs in the page's text. */
  readonly face: Span | undefined;
}

/** An expression in brackets. */
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

/** Adjacent factors: products of matrices, or of numbers with anything. */
export interface ProductNode extends Common {
  readonly kind: 'product';
  readonly factors: readonly Expression[];
  /** The mark before each factor except the first. */
  readonly marks: readonly ProductMark[];
}

export type LooseMark = 'odot' | 'circ' | 'ast' | 'otimes' | 'oslash';

/** Products that bind less tightly: Hadamard and Kronecker products. */
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
  /** Whether the power is elementwise: x^{\odot 2}. */
  readonly elementwise: boolean;
}

export interface TransposeNode extends Common {
  readonly kind: 'transpose';
  readonly of: Expression;
  /** The mark as the page writes it: `T`, `\top`, `\mathsf{T}`, `'`. */
  readonly mark: string;
}

export interface InverseNode extends Common {
  readonly kind: 'inverse';
  readonly of: Expression;
}

/** An element of an expression that isn't a letter: (W x)_i. */
export interface ElementNode extends Common {
  readonly kind: 'element';
  readonly of: Expression;
  readonly indices: readonly Expression[];
}

/** A function call: of a letter, σ_l'(a), or of a known function, tanh z. */
export interface CallNode extends Common {
  readonly kind: 'call';
  readonly fn: LetterNode;
  readonly args: readonly Expression[];
  /** The opening bracket of the arguments; empty in \log x. */
  readonly open: string;
}

/**
 * `list` collects its terms in a column. The variable of an `integral` or a `limit` is a number and not an index; a limit
 * is that where it goes `to` a value.
 */
export type BigOperator = 'sum' | 'prod' | 'max' | 'min' | 'mean' | 'list' | 'integral' | 'limit';

/** Σ_{i=1}^n body. */
export interface BigNode extends Common {
  readonly kind: 'big';
  readonly op: BigOperator;
  readonly indices: readonly LetterNode[];
  readonly from: Expression | undefined;
  readonly to: Expression | undefined;
  /** A condition on the indices, such as j \ne i. */
  readonly condition: Expression | undefined;
  readonly body: Expression;
  /** Whether the page writes its first and last term, with dots between them: a_1 + … + a_n. */
  readonly isDotted?: true;
  /** Whether the page leaves it out, by Einstein's convention. */
  readonly isImplied?: true;
}

export type DerivativeMark = 'partial' | 'd' | 'nabla' | 'subscript' | 'slash' | 'differential';

/** ∂of/∂by. */
export interface DerivativeNode extends Common {
  readonly kind: 'derivative';
  readonly mark: DerivativeMark;
  /** The differentiated expression. */
  readonly of: Expression;
  /** The variables; several for a higher derivative. A transposed variable determines the layout of the derivative. */
  readonly by: readonly Expression[];
  /** Whether `of` follows the fraction. */
  readonly behind: boolean;
  /** Whether the page writes a differential as ∂W and not as dW. */
  readonly isCurly?: boolean;
}

export interface NormNode extends Common {
  readonly kind: 'norm';
  readonly of: Expression;
  /** `2`, `1`, `F`, `infty`; undefined if not given. */
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

/** An indicator: [z > 0], 1{z > 0}. */
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

/** A list: a, b, c or {a, b, c}. */
export interface TupleNode extends Common {
  readonly kind: 'tuple';
  readonly items: readonly Expression[];
}

/** A value at a point: f |_{x = 2}. */
export interface AtNode extends Common {
  readonly kind: 'at';
  readonly of: Expression;
  /** Equations, each of a letter and its value. */
  readonly points: readonly CompareNode[];
}

/** Words in \text. */
export interface ProseNode extends Common {
  readonly kind: 'prose';
  readonly text: string;
}

/** The dots …, or : between bounds. */
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
  | AtNode
  | ProseNode
  | DotsNode;

/** The span of a node that isn't in the page's text. */
export const nowhere: Span = { start: 0, end: 0 };

export const made = { span: nowhere, verbatim: false } as const;

/** Returns a letter without indices. */
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

export const fraction = (numerator: Expression, denominator: Expression): Expression => ({
  ...made,
  kind: 'fraction',
  numerator,
  denominator,
  slash: false,
});

/** Returns the parts of an expression, except indices. */
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
    case 'at':
      return [e.of, ...e.points];
    default:
      return [];
  }
}

/** Returns the same expression with other parts, in the order of `partsOf`. */
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
    case 'at':
      return { ...base, of: first, points: parts.slice(1) as readonly CompareNode[] };
    default:
      return base;
  }
}

/** Visits an expression and its parts from the outside in, including indices of letters and bounds of sums. */
export function walk(e: Expression, visit: (e: Expression) => void): void {
  visit(e);
  for (const part of partsOf(e)) walk(part, visit);
  if (e.kind === 'letter') for (const index of [...e.sub, ...e.sup]) walk(index, visit);
  if (e.kind === 'element') for (const index of e.indices) walk(index, visit);
  if (e.kind === 'call') walk(e.fn, visit);
  if (e.kind === 'big') for (const bound of [e.from, e.to]) if (bound !== undefined) walk(bound, visit);
}

/** Replaces the letters of an expression that aren't indices. Unchanged parts are shared. */
export function mapLetters(e: Expression, f: (letter: LetterNode) => Expression): Expression {
  if (e.kind === 'letter') return f(e);
  const parts = partsOf(e);
  const mapped = parts.map((part) => mapLetters(part, f));
  const isSame = mapped.every((part, i) => part === parts[i]);
  return isSame ? e : { ...withParts(e, mapped), verbatim: e.verbatim };
}

/** Returns whether the variables of a sum, product or list are indices, unlike those of integrals and limits. */
export const isOverIndices = ({ op }: BigNode): boolean => op !== 'integral' && op !== 'limit';

/** Removes the brackets around an expression. */
export function bare(e: Expression): Expression {
  let inside = e;
  while (inside.kind === 'group') inside = inside.body;
  return inside;
}

/** Returns a key that distinguishes letters, ignoring indices. */
export function keyOf({ name, alphabet, accents, primes, isPrimedName }: LetterNode): string {
  const set = alphabet === 'plain' ? '' : `${alphabet} `;
  const own = isPrimedName === true ? "'".repeat(primes) : '';
  return `${accents.map((accent) => `${accent} `).join('')}${set}${name}${own}`;
}
