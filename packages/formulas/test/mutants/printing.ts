/** Prints trees as LaTeX, in the notation of the two pages. */

import type { FunctionName, Index, Tree } from './expressions.ts';

/** The notation of a page's letters. */
export interface Style {
  readonly letter: (name: string) => string;
  readonly transpose: string;
}

const indexText = ({ name, plus }: Index): string => {
  if (name === '') return String(plus);
  return plus === 0 ? name : `${name}${plus < 0 ? '-' : '+'}${Math.abs(plus)}`;
};

const functions: Readonly<Record<FunctionName, (inside: string) => string>> = {
  trace: (inside) => `\\operatorname{Tr}(${inside})`,
  det: (inside) => `\\det(${inside})`,
  logdet: (inside) => `\\ln |\\det(${inside})|`,
  norm: (inside) => `\\|${inside}\\|_2`,
  normSquared: (inside) => `\\|${inside}\\|^2`,
  frobeniusSquared: (inside) => `\\|${inside}\\|_F^2`,
  exp: (inside) => `\\exp(${inside})`,
  log: (inside) => `\\log(${inside})`,
};

/** The precedence of a tree's root; sums have the lowest. */
const tightness = (e: Tree): number => {
  if (e.kind === 'sum') return 0;
  if (e.kind === 'hadamard') return 1;
  if (e.kind === 'product' || e.kind === 'over' || (e.kind === 'derivative' && e.behind)) return 2;
  if (e.kind === 'function') return e.name === 'logdet' ? 2 : 3;
  if (e.kind === 'number') return e.value < 0 ? 0 : 4;
  return e.kind === 'fraction' ? 3 : e.kind === 'letter' ? 5 : 4;
};

export function print(e: Tree, style: Style): string {
  const at = (inner: Tree, least: number): string =>
    tightness(inner) < least ? `\\left(${print(inner, style)}\\right)` : print(inner, style);
  const base = (inner: Tree): string => at(inner, 5);
  switch (e.kind) {
    case 'letter':
      return `${style.letter(e.name)}${e.index === undefined ? '' : `_{${indexText(e.index)}}`}`;
    case 'number':
      return String(e.value);
    case 'transpose':
      if (e.of.kind === 'inverse') return `${base(e.of.of)}^{-${style.transpose}}`;
      return `${base(e.of)}^{${style.transpose}}`;
    case 'inverse':
      return `${base(e.of)}^{-1}`;
    case 'square':
      return `${base(e.of)}^2`;
    case 'product':
      return e.factors.map((factor) => at(factor, 3)).join(' ');
    case 'hadamard':
      return `${at(e.left, 1)} \\odot ${at(e.right, 2)}`;
    case 'sum':
      return e.terms
        .map((term, i) => `${e.minus[i] === true ? '-' : i === 0 ? '' : '+'} ${at(term, 1)}`)
        .join(' ')
        .trim();
    case 'fraction':
      return `\\frac{${print(e.above, style)}}{${print(e.below, style)}}`;
    case 'transition':
      return `\\sigma_{${indexText(e.index)}}${"'".repeat(e.primes)}\\left(${print(e.of, style)}\\right)`;
    case 'over':
      return `\\sum_{i=1}^{n} ${at(e.of, 2)}`;
    case 'derivative': {
      const by = print(e.by, style);
      if (e.order === 2)
        return `\\frac{\\partial^2}{\\partial ${by} \\partial ${by}^{${style.transpose}}} ${at(e.of, 2)}`;
      return e.behind
        ? `\\frac{\\partial}{\\partial ${by}} ${at(e.of, 2)}`
        : `\\frac{\\partial ${at(e.of, 1)}}{\\partial ${by}}`;
    }
    default:
      return functions[e.name](print(e.of, style));
  }
}

/** Normalizes LaTeX: removes spaces, sizes and kinds of brackets, and braces around a single character. */
export const normalized = (latex: string): string =>
  latex
    .replace(/\\(?:left|right|bigl|bigr)(?=[()[\]|])/g, '')
    .replace(/\\nabla_\{([^{}]*(?:\{[^{}]*\})?)\}/g, '\\frac{\\partial}{\\partial $1}')
    .replace(/\s+/g, '')
    .replace(/\((\\mathbf\{\w\})\^\{-1\}\)\^T/g, '$1^{-T}')
    .replace(/\[/g, '(')
    .replace(/\]/g, ')')
    .replace(/([_^])\{(\\top|\w)\}/g, '$1$2');
