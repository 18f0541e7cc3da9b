/** Parses the statements of a page, in order. */

import type { Notation } from '../parsing/cursor.ts';
import { parseExpression } from '../parsing/grammar.ts';
import { meaningful, relationOf } from '../parsing/meaningful.ts';
import { bare, type Expression } from '../syntax/ast.ts';
import { expanded } from '../syntax/expansion.ts';
import { latexTokens } from '../syntax/latex-tokens.ts';
import { textTokens } from '../syntax/text-tokens.ts';
import { isCharacter, type Token } from '../syntax/tokens.ts';
import type { Page } from '../text/document.ts';
import { FormulaError } from '../text/errors.ts';
import type { Span } from '../text/source.ts';
import { withConditions } from './conditions.ts';
import { differentialsIn } from './differentials.ts';
import { leavesOutSums, withImpliedSums } from './implied-sums.ts';
import { keywordOf, type Range, rangeOf } from './loops.ts';
import { noNotation, notationOf } from './notation.ts';
import { withPrimes } from './primes.ts';
import { continues, hasRelation, type Piece, piecesOf, rowsOf, splitOutside } from './rows.ts';
import { withOneName } from './same-letters.ts';
import type { Reading, Statement } from './statement.ts';

interface Raw {
  readonly pieces: readonly (Piece & { readonly error?: FormulaError })[];
  readonly fragment: number;
  readonly loops: readonly Range[];
  readonly procedure: number | undefined;
}

const spanOf = (tokens: readonly Token[], otherwise: Span): Span => {
  const solid = tokens.filter(({ kind }) => kind !== 'space');
  const [first, last] = [solid[0], solid.at(-1)];
  return first === undefined || last === undefined ? otherwise : { start: first.span.start, end: last.span.end };
};

/** The loops and procedures that have begun and not ended between two formulas. */
interface Scope {
  loops: Range[];
  opened: ('loop' | 'other')[];
  procedure: number | undefined;
  procedures: number;
}

/** Processes the algorithm-package commands between two formulas. */
function followCommands(between: string, scope: Scope): 'for' | undefined {
  let opens: 'for' | undefined;
  for (const [, command = ''] of between.matchAll(
    /\\(begin\{algorithm|Procedure|Function|For|ForAll|ForEach|While|If|Repeat|EndFor|EndWhile|EndIf|Until|EndProcedure|EndFunction|end\{algorithm)/g,
  )) {
    if (/^(?:For|ForAll|ForEach)$/.test(command)) opens = 'for';
    else if (/^(?:While|If|Repeat)$/.test(command)) scope.opened.push('other');
    else if (/^(?:Procedure|Function|begin)/.test(command)) {
      scope.procedure ??= ++scope.procedures;
      scope.opened.push('other');
    } else close(scope);
  }
  return opens;
}

function close(scope: Scope): void {
  if (scope.opened.pop() === 'loop') scope.loops.pop();
  if (scope.opened.length === 0) scope.procedure = undefined;
}

/** The tokens of a page's formulas, by number, so that each formula is tokenized only once. */
type TokenLists = Map<number, readonly Token[]>;

/** The tokens of formulas, with positions from 0, by the text of the formula. */
export interface KnownTokens {
  get(text: string): readonly Token[] | undefined;
  set(text: string, tokens: readonly Token[]): void;
}

/** Shifts the positions of tokens. */
const shifted = (tokens: readonly Token[], by: number): Token[] =>
  tokens.map((of) => ({
    ...of,
    span: { start: of.span.start + by, end: of.span.end + by },
    children: of.children.length === 0 ? of.children : shifted(of.children, by),
  }));

/** Returns the tokens of a LaTeX formula, from the cache if possible, since parsing LaTeX takes most of the time. */
function tokensAt(text: string, start: number, known: KnownTokens | undefined): readonly Token[] {
  const before = known?.get(text);
  if (known === undefined) return latexTokens(text, start);
  const tokens = before ?? latexTokens(text, 0);
  if (before === undefined) known.set(text, tokens);
  return shifted(tokens, start);
}

class Reader {
  readonly #page: Page;
  readonly #notation: Notation;
  readonly #tokens: TokenLists;
  readonly #known: KnownTokens | undefined;

  constructor(page: Page, notation: Notation, tokens: TokenLists, known: KnownTokens | undefined) {
    this.#page = page;
    this.#notation = notation;
    this.#tokens = tokens;
    this.#known = known;
  }

  #tokensOf(fragment: number): readonly Token[] {
    const known = this.#tokens.get(fragment);
    if (known !== undefined) return known;
    const { syntax, inside, text } = this.#page.fragments[fragment]!;
    const tokens =
      syntax === 'text'
        ? textTokens(text, inside.start)
        : expanded(tokensAt(text, inside.start, this.#known), this.#page.macros);
    this.#tokens.set(fragment, tokens);
    return tokens;
  }

  #parse(tokens: readonly Token[], span: Span): Expression {
    return parseExpression(tokens, span, this.#notation);
  }

  /** Returns the pieces of all formulas of the page. */
  raw(): Raw[] {
    const scope: Scope = { loops: [], opened: [], procedure: undefined, procedures: 0 };
    let end = 0;
    return this.#page.fragments.flatMap((fragment, i) => {
      const opens = followCommands(this.#page.masked.slice(end, fragment.span.start), scope);
      end = fragment.span.end;
      try {
        const tokens = this.#tokensOf(i);
        if (opens === 'for') {
          const range = rangeOf(tokens, (part) => this.#parse(part, fragment.inside));
          scope.opened.push(range === undefined ? 'other' : 'loop');
          if (range !== undefined) scope.loops.push(range);
          return [];
        }
        return this.#rows(tokens, i, scope);
      } catch (error) {
        if (!(error instanceof FormulaError)) throw error;
        return [{ pieces: [{ tokens: [], words: '', error }], fragment: i, loops: [], procedure: undefined }];
      }
    });
  }

  #rows(tokens: readonly Token[], fragment: number, scope: Scope): Raw[] {
    const result: { pieces: Piece[]; fragment: number; loops: readonly Range[]; procedure: number | undefined }[] = [];
    const depth = scope.opened.length;
    for (const row of rowsOf(tokens)) {
      const found = keywordOf(row);
      if (found !== undefined) {
        const { keyword, rest } = found;
        if (keyword === 'for') {
          const range = rangeOf(rest, (part) => this.#parse(part, this.#page.fragments[fragment]!.inside));
          scope.opened.push(range === undefined ? 'other' : 'loop');
          if (range !== undefined) scope.loops.push(range);
        } else if (keyword === 'while' || keyword === 'if') scope.opened.push('other');
        else if (keyword === 'end') close(scope);
        else if (keyword === 'header') {
          scope.procedure ??= ++scope.procedures;
          scope.opened.push('other');
        }
        continue;
      }
      const last = result.at(-1);
      if (last !== undefined && continues(row)) {
        const piece = last.pieces.pop()!;
        last.pieces.push(
          ...piecesOf([...piece.tokens, ...row]).map((joined, i) =>
            i === 0 ? { ...joined, words: piece.words } : joined,
          ),
        );
      } else result.push({ pieces: piecesOf(row), fragment, loops: [...scope.loops], procedure: scope.procedure });
    }
    // The end of a display closes all procedures opened in it.
    while (scope.opened.length > depth) close(scope);
    return result;
  }

  /** Returns the statements in a row. */
  statements({ pieces, fragment, loops, procedure }: Raw): Statement[] {
    const place = this.#page.fragments[fragment]!;
    const result: Statement[] = [];
    const ranges = [...loops];
    for (const { tokens, error, words } of pieces) {
      const span = spanOf(tokens, place.inside);
      const common = { span, fragment, block: place.block, ranges, conditions: [], procedure };
      if (error !== undefined) {
        result.push({ ...common, span: error.span, sides: [], relations: [], error });
        continue;
      }
      const range = rangeOf(tokens, (part) => this.#parse(part, span));
      if (range !== undefined) {
        ranges.push(range);
        continue;
      }
      const isRemark = !hasRelation(tokens) && (words !== '' || !place.display);
      try {
        const { sides, relations } = this.#chain(tokens, span);
        result.push({ ...common, sides, relations, error: undefined });
      } catch (thrown) {
        if (!(thrown instanceof FormulaError)) throw thrown;
        if (!isRemark) result.push({ ...common, sides: [], relations: [], error: thrown });
      }
    }
    return result;
  }

  #chain(tokens: readonly Token[], span: Span): { sides: Expression[]; relations: string[] } {
    const solid = meaningful(tokens);
    const { parts, separators } = splitOutside(solid, (of) => relationOf(of) !== undefined);
    const relations: string[] = [];
    const sides: Expression[] = [];
    parts.forEach((part, i) => {
      const before = separators[i - 1];
      // := is a colon before =.
      const isColon = isCharacter(part.at(-1), ':') && isCharacter(separators[i], '=');
      const own = isColon ? part.slice(0, -1) : part;
      if (own.length === 0) {
        const at = before ?? separators[i];
        throw new FormulaError(
          `expected a formula ${before === undefined ? 'before' : 'after'} '${at?.text ?? '='}'`,
          at?.span ?? span,
        );
      }
      sides.push(bareTuple(this.#parse(own, span)));
      const relation = separators[i];
      if (relation !== undefined) relations.push(isColon ? 'define' : relationOf(relation)!);
    });
    return { sides, relations };
  }
}

const bareTuple = (e: Expression): Expression => (e.kind === 'tuple' && e.items.length === 1 ? e.items[0]! : e);

/** Parses a page twice: first without knowing its notation, then with it. Known tokens are reused. */
export function readStatements(page: Page, known?: KnownTokens): Reading {
  const tokens: TokenLists = new Map();
  const first = new Reader(page, noNotation, tokens, known);
  const raws = first.raw();
  const rough = raws.flatMap((raw) => first.statements(raw));
  const notation = notationOf(
    rough.map(({ sides }) => sides),
    {
      differentials: differentialsIn(raws.flatMap(({ pieces }) => pieces.map(({ tokens }) => tokens))),
      impliedSums: leavesOutSums(page),
    },
  );
  const second = new Reader(page, notation, tokens, known);
  const read = second.raw().flatMap((raw) => second.statements(raw));
  const conditioned = withConditions(read, page.masked);
  const statements = withImpliedSums(withPrimes(conditioned, notation.functions), page);
  const mentions = statements.filter((statement) => !isSaid(statement));
  return { page, notation, statements: withOneName(statements.filter(isSaid)), mentions };
}

/** Returns whether a statement makes a claim, unlike a letter that is only mentioned. */
const isSaid = ({ sides, error }: Statement): boolean =>
  error !== undefined || sides.length > 1 || (sides[0] !== undefined && bare(sides[0]).kind === 'compare');
