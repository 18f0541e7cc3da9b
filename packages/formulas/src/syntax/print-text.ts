/** Prints trees as plain text, for a terminal. */

import type { BigNode, Expression, LetterNode } from './ast.ts';
import { tightness } from './print-latex.ts';
import { endsOf } from './substitute.ts';

const signs: Readonly<Record<string, string>> = { odot: '⊙', circ: '∘', ast: '⊙', otimes: '⊗', oslash: '⊘' };
const comparisons: Readonly<Record<string, string>> = { le: '<=', ge: '>=', ne: '!=', in: 'in' };
const accentSigns: Readonly<Record<string, string>> = { hat: '^', bar: '-', tilde: '~', star: '*' };
const sumNames = {
  sum: 'sum',
  prod: 'prod',
  max: 'max',
  min: 'min',
  mean: 'mean',
  list: 'list',
  integral: 'int',
  limit: 'lim',
};

const within = (e: Expression, at: number): string => (tightness(e) < at ? `(${textOf(e)})` : textOf(e));

const indexText = (indices: readonly Expression[]): string => {
  const inside = indices
    .map((index) => textOf(index))
    .join(indices.every(({ kind }) => kind === 'letter' || kind === 'dots') ? '' : ',');
  return /^[\p{L}0-9]+$/u.test(inside) ? inside : `(${inside})`;
};

/** Returns a letter's name with its accents: y-hat, Delta x. */
function faceOf({ name, accents }: LetterNode): string {
  return accents.reduce((text, accent) => {
    if (accent === 'Delta') return `Delta ${text}`;
    return accent in accentSigns && accent === 'star' ? `${text}*` : `${text}-${accent}`;
  }, name);
}

function letterText(e: LetterNode): string {
  let text = faceOf(e);
  if (e.sup.length > 0)
    text +=
      e.brackets === ''
        ? `^${indexText(e.sup)}`
        : `^${e.brackets}${e.sup.map(textOf).join(',')}${e.brackets === '(' ? ')' : ']'}`;
  if (e.sub.length > 0) text += `_${indexText(e.sub)}`;
  return text + "'".repeat(e.primes);
}

function productText(factors: readonly Expression[]): string {
  return factors
    .map((factor, i) => {
      const isOpen =
        factor.kind === 'big' ||
        (factor.kind === 'derivative' && factor.behind) ||
        (factor.kind === 'call' && factor.open === '');
      return i < factors.length - 1 && isOpen ? `(${textOf(factor)})` : within(factor, factor.kind === 'big' ? 3 : 4);
    })
    .join(' ');
}

function derivativeText(e: Extract<Expression, { kind: 'derivative' }>): string {
  const order = e.by.length;
  if (e.mark === 'differential') return `${e.isCurly === true ? '∂' : 'd'}${textOf(e.of)}`;
  const below = e.by.map((by) => `d${within(by, 5)}`).join(' ');
  const raised = order > 1 ? `^${order}` : '';
  if (tightness(e.of) >= 5) return `d${raised}${textOf(e.of)}/${order > 1 ? `(${below})` : below}`;
  return `d${raised}(${textOf(e.of)})/${order > 1 ? `(${below})` : below}`;
}

function bigText(e: BigNode): string {
  if (e.isDotted) {
    const [first, last] = endsOf(e).map((end) => within(end, e.op === 'list' ? 1 : 2));
    return [first, '...', last].join({ sum: ' + ', prod: ' ', list: ', ' }[e.op as 'sum']);
  }
  if (e.op === 'limit') return `lim_(${e.indices.map(textOf).join('')} -> ${textOf(e.to!)}) ${within(e.body, 2)}`;
  const bounds = e.from === undefined ? '' : `=${textOf(e.from)}${e.to === undefined ? '' : `..${textOf(e.to)}`}`;
  return `${sumNames[e.op]}_(${e.indices.map(textOf).join(',')}${bounds}) ${within(e.body, 2)}`;
}

/** Prints an expression as plain text. */
export function textOf(e: Expression): string {
  switch (e.kind) {
    case 'number':
      return e.text;
    case 'letter':
      return letterText(e);
    case 'group':
      return `${e.open}${textOf(e.body)}${e.close}`;
    case 'sum':
      return e.terms
        .map((term, i) => {
          const isPlain = !e.minus[i] && term.kind === 'big' && term.isDotted;
          const text = isPlain ? textOf(term) : within(term, 2);
          return `${e.minus[i] ? (i === 0 ? '-' : ' - ') : i === 0 ? '' : ' + '}${text}`;
        })
        .join('');
    case 'product':
      return productText(e.factors);
    case 'loose':
      return `${within(e.left, e.left.kind === 'loose' ? 2 : 5)} ${signs[e.mark]} ${within(e.right, 5)}`;
    case 'fraction':
      return `${within(e.numerator, 5)}/${within(e.denominator, 5)}`;
    case 'power':
      return `${within(e.base, 6)}^${within(e.exponent, 6)}`;
    case 'transpose':
      return e.of.kind === 'inverse' ? `${within(e.of.of, 6)}^-T` : `${within(e.of, 6)}^T`;
    case 'inverse':
      return `${within(e.of, 6)}^-1`;
    case 'element':
      return `${within(e.of, 6)}_${indexText(e.indices)}`;
    case 'call': {
      const inside = e.args.map(textOf).join(', ');
      return e.open === '' ? `${letterText(e.fn)} ${within(e.args[0]!, 3)}` : `${letterText(e.fn)}(${inside})`;
    }
    case 'big':
      return bigText(e);
    case 'derivative':
      return derivativeText(e);
    case 'norm':
      return `||${textOf(e.of)}||${e.order === undefined ? '' : `_${e.order}`}`;
    case 'absolute':
      return `|${textOf(e.of)}|`;
    case 'inner':
      return `<${textOf(e.left)}, ${textOf(e.right)}>`;
    case 'indicator':
      return `[${textOf(e.condition)}]`;
    case 'compare':
      return `${textOf(e.left)} ${comparisons[e.op] ?? e.op} ${textOf(e.right)}`;
    case 'matrix':
      return `[${e.rows.map((row) => row.map(textOf).join(', ')).join('; ')}]`;
    case 'cases':
      return `{${e.rows.map(({ value, condition }) => `${textOf(value)}${condition === undefined ? ' otherwise' : ` if ${textOf(condition)}`}`).join('; ')}}`;
    case 'tuple':
      return e.items.map(textOf).join(', ');
    case 'at':
      return `${within(e.of, 5)} at ${e.points.map(textOf).join(', ')}`;
    case 'prose':
      return e.text;
    case 'dots':
      return '...';
  }
}
