/** A cursor on tokens, and the interfaces between the parts of the parser. */

import type { Expression, LetterNode } from '../syntax/ast.ts';
import { alphabets } from '../syntax/names.ts';
import { isCharacter, isCommand, type Token } from '../syntax/tokens.ts';
import { FormulaError } from '../text/errors.ts';
import type { Span } from '../text/source.ts';

/** The facts about a page's notation on which parsing depends. */
export interface Notation {
  /** The keys of letters that denote functions, so that brackets after them contain arguments. */
  readonly functions: ReadonlySet<string>;
  /** The keys of letters whose superscripts are indices. */
  readonly superscripted: ReadonlySet<string>;
  /**
   * The variables of functions, for a gradient without a subscript: the arguments with which a page writes a function.
   * Undefined while they aren't known.
   */
  readonly variables: ReadonlyMap<string, Expression> | undefined;
  /** The keys of letters with two subscripts, which may be written as one number: w_{11}. */
  readonly twofold: ReadonlySet<string>;
  /** Those of which all superscript indices are in brackets, so that a number without brackets is a power. */
  readonly bracketed: ReadonlySet<string>;
  /** Whether \Delta before a letter makes a letter of its own: the change \Delta x. */
  readonly differences: boolean;
  /** The signs that, before a letter, denote the derivative of the loss: dW, ∂W. */
  readonly differentials: ReadonlySet<'d' | 'partial'>;
  /** Whether sums over repeated indices are left out, by Einstein's convention. */
  readonly impliedSums: boolean;
  /** Whether e is a letter of the page, not Euler's number. */
  readonly ownE: boolean;
}

/**
 * Returns whether the page contains exactly these tokens as text: they don't begin or end in the middle of a macro's
 * expansion.
 */
function isOwnText(tokens: readonly Token[]): boolean {
  const [first, last] = [tokens[0]!, tokens.at(-1)!];
  for (let level = 0; ; level++) {
    const [start, end] = [first.origins?.[level], last.origins?.[level]];
    if (start === undefined && end === undefined) return true;
    const isWithin = start?.isArgument === true && tokens.every(({ origins }) => origins?.[level]?.of === start.of);
    if (!isWithin) return start?.first !== false && end?.last !== false;
  }
}

/** A position in a list of tokens. Spaces are skipped. */
export class Cursor {
  readonly tokens: readonly Token[];
  /** The span of the whole list. */
  readonly span: Span;
  at = 0;
  /** Whether | can be an opening or closing bar at this position. */
  insideBars = false;
  /** The mark of a transpose that was parsed together with the indices of the preceding letter. */
  pendingTranspose: string | undefined;

  constructor(tokens: readonly Token[], span: Span) {
    this.tokens = tokens.filter(({ kind }) => kind !== 'space');
    this.span = span;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  next(): Token | undefined {
    return this.tokens[this.at++];
  }

  isCommand(...names: readonly string[]): boolean {
    return isCommand(this.peek(), ...names);
  }

  isCharacter(...characters: readonly string[]): boolean {
    return isCharacter(this.peek(), ...characters);
  }

  /** Returns the span of the next token, or of the end of the list. */
  here(): Span {
    const next = this.peek();
    if (next !== undefined) return next.span;
    const last = this.tokens.at(-1);
    return last === undefined ? this.span : { start: last.span.end, end: last.span.end + 1 };
  }

  fail(message: string, span: Span = this.here()): never {
    throw new FormulaError(message, span);
  }

  /** Returns the common fields of a node that extends from a token to the cursor. */
  since(start: number): { span: Span; verbatim: boolean } {
    const used = this.tokens.slice(start, this.at);
    const [first, last] = [used[0], used.at(-1)];
    if (first === undefined || last === undefined) return { span: this.here(), verbatim: false };
    const span = { start: first.span.start, end: Math.max(first.span.end, last.span.end) };
    return { span, verbatim: isOwnText(used) };
  }

  /** Reads an argument of a command: a group, or one token. */
  argument(command: Token): readonly Token[] {
    const next = this.next();
    if (next === undefined) throw new FormulaError(`\\${command.text} expects an argument`, command.span);
    return next.kind === 'group' ? next.children : [next];
  }

  /** Reads the content of a script: a group, a token, or a styled group as in ^\mathsf{T}. */
  script(mark: Token): readonly Token[] {
    const [first, second] = [this.peek(), this.peek(1)];
    const isStyled = first?.kind === 'command' && Object.hasOwn(alphabets, first.text) && second?.kind === 'group';
    if (!isStyled && !(isCommand(first, 'text', 'textrm', 'mbox') && second?.kind === 'group'))
      return this.argument(mark);
    this.at += 2;
    return [first!, second!];
  }

  /** Reads the content of square brackets, if they come next. */
  optional(): readonly Token[] | undefined {
    if (!this.isCharacter('[')) return undefined;
    const close = this.tokens.findIndex((of, i) => i > this.at && isCharacter(of, ']'));
    if (close < 0) return undefined;
    const inside = this.tokens.slice(this.at + 1, close);
    this.at = close + 1;
    return inside;
  }
}

/** The levels of the grammar, from the lowest precedence to the highest. */
export interface Grammar {
  readonly notation: Notation;
  /** Parses a whole list of tokens: sums, comparisons of sums, and lists of those. */
  whole(tokens: readonly Token[], span: Span): Expression;
  /** Parses terms with signs. */
  sum(cursor: Cursor): Expression;
  /** Parses Hadamard products. */
  loose(cursor: Cursor): Expression;
  /** Parses products of adjacent factors. */
  tight(cursor: Cursor): Expression;
  factor(cursor: Cursor): Expression;
  /** Parses a letter with its indices. */
  letter(cursor: Cursor): LetterNode | undefined;
}
