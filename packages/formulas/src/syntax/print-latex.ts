/** Prints trees as LaTeX, with the page's own text where possible. */

import type { BigNode, Expression, LetterNode } from './ast.ts';
import type { MacroBook } from './macro-book.ts';
import { letterCommands } from './names.ts';
import { endsOf } from './substitute.ts';

/** Returns the precedence of an expression. */
export const tightness = (e: Expression): number => {
  switch (e.kind) {
    case 'tuple':
    case 'compare':
      return 0;
    case 'sum':
      return 1;
    case 'loose':
      return 2;
    case 'product':
      return 3;
    case 'big':
      if (e.isImplied) return tightness(e.body);
      return e.isDotted && e.op !== 'prod' ? (e.op === 'list' ? 0 : 1) : 3;
    case 'fraction':
      return e.slash ? 3 : 5;
    case 'derivative':
      return e.behind || e.mark === 'slash' ? 3 : 5;
    case 'call':
      return e.open === '' ? 3 : 5;
    case 'power':
    case 'transpose':
    case 'inverse':
    case 'element':
    case 'at':
      return 5;
    default:
      return 6;
  }
};

const faces: Readonly<Record<string, string>> = {
  bold: 'mathbf',
  calligraphic: 'mathcal',
  blackboard: 'mathbb',
  fraktur: 'mathfrak',
};

const functionNames: Readonly<Record<string, string>> = {
  ...{
    trace: '\\operatorname{tr}',
    atan: '\\arctan',
    asin: '\\arcsin',
    acos: '\\arccos',
    sign: '\\operatorname{sign}',
  },
};

const commandFunctions = /^(?:exp|log|sin|cos|tan|sinh|cosh|tanh|det|max|min)$/;
const spaced = (text: string): string => (/\\[a-zA-Z]+$/.test(text) ? `${text} ` : text);

/** Joins texts, with a space where a command would merge with a letter. */
const joined = (texts: readonly string[]): string =>
  texts.reduce((all, text) => all + (/\\[a-zA-Z]+$/.test(all) && /^[a-zA-Z]/.test(text) ? ' ' : '') + text, '');

const braced = (text: string): string => (/^(?:[a-zA-Z0-9]|\\[a-zA-Z]+)$/.test(text) ? text : `{${text}}`);

const delimiters: Readonly<Record<string, readonly [string, string]>> = {
  '(': ['(', ')'],
  '[': ['[', ']'],
  '{': ['\\{', '\\}'],
};

class Printer {
  readonly #text: string | undefined;
  readonly #macros: MacroBook | undefined;

  constructor(text: string | undefined, macros: MacroBook | undefined) {
    this.#text = text;
    this.#macros = macros;
  }

  /** Whether the page puts a transpose next to a superscript index: W^{(l)\top} rather than (W^{(l)})^\top. */
  get #joinsMarks(): boolean {
    return /\^\{\s*[([][^{}]*[)\]]\s*(?:T\b|\\(?:top|intercal|math|text))/.test(this.#text ?? '');
  }

  #withMacros(latex: string): string {
    return this.#macros?.shortened(latex) ?? latex;
  }

  /** Prints an expression, in brackets if its precedence is lower than `at`. */
  within(e: Expression, at: number): string {
    const text = this.print(e);
    return tightness(e) < at ? `\\left(${text}\\right)` : text;
  }

  print(e: Expression): string {
    if (e.verbatim && this.#text !== undefined) return this.#text.slice(e.span.start, e.span.end).trim();
    switch (e.kind) {
      case 'number':
        return e.text;
      case 'letter':
        return this.letter(e);
      case 'group': {
        const [open, close] = delimiters[e.open] ?? ['(', ')'];
        return `\\left${open}${this.print(e.body)}\\right${close}`;
      }
      case 'sum':
        return e.terms
          .map((term, i) => `${e.minus[i] ? (i === 0 ? '-' : ' - ') : i === 0 ? '' : ' + '}${this.within(term, 2)}`)
          .join('');
      case 'product':
        return this.#product(e.factors, e.marks);
      case 'loose':
        return `${this.within(e.left, 2)} \\${e.mark} ${this.within(e.right, 3)}`;
      case 'fraction':
        if (e.slash) return `${this.within(e.numerator, 5)}/${this.within(e.denominator, 5)}`;
        return `\\frac{${this.print(e.numerator)}}{${this.print(e.denominator)}}`;
      case 'power':
        return `${this.#base(e.base)}^{${e.elementwise ? '\\odot ' : ''}${this.print(e.exponent)}}`;
      case 'transpose':
        if (e.mark === "'") return `${this.#base(e.of)}'`;
        // a^{[l]T}
        if (e.of.kind === 'letter' && e.of.brackets !== '' && (!e.of.verbatim || this.#joinsMarks))
          return this.letter(e.of, e.mark);
        if (e.of.kind === 'inverse') return `${this.#base(e.of.of)}^{-${e.mark}}`;
        return `${this.#base(e.of)}^${braced(e.mark)}`;
      case 'inverse':
        return `${this.#base(e.of)}^{-1}`;
      case 'element':
        return `${this.#base(e.of)}_{${e.indices.map((index) => this.print(index)).join('')}}`;
      case 'call':
        return this.#call(e);
      case 'big':
        return this.#big(e);
      case 'derivative':
        return this.#withMacros(this.#derivative(e));
      case 'norm':
        return this.#withMacros(
          `\\|${this.print(e.of)}\\|${e.order === undefined ? '' : `_${e.order === 'infty' ? '\\infty' : e.order}`}`,
        );
      case 'absolute':
        return `|${this.print(e.of)}|`;
      case 'inner':
        return `\\langle ${this.print(e.left)}, ${this.print(e.right)} \\rangle`;
      case 'indicator':
        return `\\left[${this.print(e.condition)}\\right]`;
      case 'compare':
        return `${this.print(e.left)} ${e.op.length > 1 ? `\\${e.op}` : e.op} ${this.print(e.right)}`;
      case 'matrix':
        return `\\begin{pmatrix} ${e.rows.map((row) => row.map((cell) => this.print(cell)).join(' & ')).join(' \\\\ ')} \\end{pmatrix}`;
      case 'cases': {
        const rows = e.rows.map(
          ({ value, condition }) =>
            `${this.print(value)} & ${condition === undefined ? '\\text{otherwise}' : this.print(condition)}`,
        );
        return `\\begin{cases} ${rows.join(' \\\\ ')} \\end{cases}`;
      }
      case 'tuple':
        return e.items.map((item) => this.print(item)).join(', ');
      case 'at':
        return `${this.within(e.of, 5)}\\big|_{${e.points.map((point) => this.print(point)).join(', ')}}`;
      case 'prose':
        return `\\text{${e.text}}`;
      case 'dots':
        return '\\dots';
    }
  }

  #big(e: BigNode): string {
    if (e.isImplied) return this.print(e.body);
    if (e.isDotted) {
      const [first, last] = endsOf(e).map((end) => this.within(end, e.op === 'list' ? 1 : 2));
      const dots = e.op === 'list' ? '\\dots' : '\\cdots';
      return [first, dots, last].join({ sum: ' + ', prod: ' ', list: ', ' }[e.op as 'sum']);
    }
    const indices = e.indices.map((index) => this.print(index)).join(',');
    if (e.op === 'limit') return `\\lim_{${indices} \\to ${this.print(e.to!)}} ${this.within(e.body, 2)}`;
    if (e.op === 'integral')
      return `\\int_{${this.print(e.from!)}}^{${this.print(e.to!)}} ${this.within(e.body, 2)} \\, d${indices}`;
    const from =
      e.from === undefined
        ? e.condition === undefined
          ? indices
          : this.print(e.condition)
        : `${indices}=${this.print(e.from)}`;
    const to = e.to === undefined ? '' : `^{${this.print(e.to)}}`;
    return `\\${e.op}_{${from}}${to} ${this.within(e.body, 2)}`;
  }

  /** Prints the base of a script, in brackets where needed. A letter needs them only if it has a superscript index. */
  #base(e: Expression): string {
    const text = this.print(e);
    if (e.kind === 'letter') return e.sup.length > 0 ? `(${text})` : text;
    if (e.kind === 'group' || tightness(e) === 6) return text;
    return `\\left(${text}\\right)`;
  }

  #product(factors: readonly Expression[], marks: readonly string[]): string {
    const last = factors.length - 1;
    const texts = factors.map((factor, i) => {
      // A sum, or a function without brackets, would take the following factors as part of its argument.
      const isOpen =
        factor.kind === 'big' ||
        (factor.kind === 'derivative' && factor.behind) ||
        (factor.kind === 'call' && factor.open === '');
      const text =
        i < last && isOpen
          ? `\\left(${this.print(factor)}\\right)`
          : this.within(factor, factor.kind === 'big' ? 3 : 4);
      const mark = i === 0 ? '' : marks[i - 1];
      return mark === '' || mark === undefined ? text : ` \\${mark} ${text}`;
    });
    return texts.reduce((all, text) => (all === '' ? text : `${spaced(all).trimEnd()} ${text.trimStart()}`), '');
  }

  letter(e: LetterNode, mark = ''): string {
    let text =
      this.#text !== undefined && e.face !== undefined
        ? this.#text.slice(e.face.start, e.face.end)
        : this.#withMacros(this.#face(e));
    text += "'".repeat(e.primes);
    if (e.sub.length > 0) text += `_${braced(joined(e.sub.map((index) => this.print(index))))}`;
    if (e.sup.length > 0) {
      const inside = e.sup.map((index) => this.print(index)).join(',');
      const close = { '(': ')', '[': ']', '': '' }[e.brackets];
      const point = e.point === undefined ? '' : `(${this.print(e.point)})`;
      text += `^${braced(`${e.brackets}${inside}${close}${point}${mark}`)}`;
    }
    return text;
  }

  #face({ name, alphabet, accents }: LetterNode): string {
    let text = letterCommands.has(name) ? `\\${name}` : name;
    if (alphabet === 'upright') {
      text = functionNames[name] ?? (commandFunctions.test(name) ? `\\${name}` : `\\operatorname{${name}}`);
    } else if (alphabet === 'bold' && letterCommands.has(name)) text = `\\boldsymbol{${text}}`;
    else if (faces[alphabet] !== undefined) text = `\\${faces[alphabet]}{${text}}`;
    for (const accent of accents) text = accent === 'star' ? `${text}^*` : `\\${accent}{${text}}`;
    return text;
  }

  #call(e: Extract<Expression, { kind: 'call' }>): string {
    const inside = e.args.map((arg) => this.print(arg)).join(', ');
    if (e.open === 'sqrt') return `\\sqrt{${inside}}`;
    if (e.open === '^') return `e^{${inside}}`;
    const name = this.letter(e.fn);
    if (e.open === '') return `${name} ${this.within(e.args[0]!, 3)}`;
    const [open, close] = delimiters[e.open] ?? ['(', ')'];
    return `${name}\\left${open}${inside}\\right${close}`;
  }

  #derivative(e: Extract<Expression, { kind: 'derivative' }>): string {
    const of = this.print(e.of);
    if (e.mark === 'differential') {
      const isTight = of.startsWith('\\') || /^[A-Za-z]/.test(of);
      return e.isCurly === true ? `\\partial ${of}` : `d${isTight ? '' : ' '}${of}`;
    }
    const order = e.by.length;
    const raised = order > 1 ? `^${order}` : '';
    const behind = this.within(e.of, 3);
    const letters = e.by.map((by) => this.print(by));
    if (e.mark === 'nabla') return `\\nabla${raised}_{${letters[0]}} ${behind}`;
    const d = e.mark === 'd' ? 'd' : '\\partial';
    const isSame = order > 1 && letters.every((letter) => letter === letters[0]);
    const below = isSame
      ? `${spaced(d)}${letters[0]}^${order}`
      : letters.map((letter) => `${spaced(d)}${letter}`).join(' ');
    if (e.mark === 'subscript') return `${d}_{${letters[0]}} ${behind}`;
    if (e.behind) return `\\frac{${d}${raised}}{${below}} ${behind}`;
    return `\\frac{${spaced(`${d}${raised}`)}${of}}{${below}}`;
  }
}

/**
 * Prints an expression as LaTeX. Verbatim nodes, and names of letters, are copied from the page's text. New parts are
 * written with the page's macros.
 */
export const latexOf = (e: Expression, text?: string, macros?: MacroBook): string => new Printer(text, macros).print(e);
