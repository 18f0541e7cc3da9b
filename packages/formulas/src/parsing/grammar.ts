/** The grammar of formulas, from tokens to trees. */

import {
  type BigOperator,
  type Comparison,
  type Expression,
  keyOf,
  type LetterNode,
  letterOf,
  made,
  type ProductMark,
} from '../syntax/ast.ts';
import {
  dotCommands,
  looseMarks,
  matrixEnvironments,
  relations,
  rowEnvironments,
  tightMarks,
} from '../syntax/names.ts';
import { isCharacter, isCommand, type Token, wordsOf } from '../syntax/tokens.ts';
import { FormulaError } from '../text/errors.ts';
import type { Span } from '../text/source.ts';
import { applied, closers, exponential, known, startsFactor } from './applications.ts';
import { casesAt, functionAt, knownLetter, letterAt, matrixAt, numberAt, spanOfTokens } from './atoms.ts';
import { bigAt, integralAt, limitAt } from './big-operators.ts';
import { derivativeFraction, derivativeInLine, dividedDerivative, gradient, isDerivative } from './calculus.ts';
import { Cursor, type Grammar, type Notation } from './cursor.ts';
import { type Fence, fence } from './fences.ts';
import { meaningful, relationOf } from './meaningful.ts';
import { isPointBar, pointAt } from './points.ts';
import { indicesOf, primesAt, raised, superscript } from './scripts.ts';
import { withSeries } from './series.ts';

const deepest = 120;
const bigOperators: Readonly<Record<string, BigOperator>> = { sum: 'sum', prod: 'prod', max: 'max', min: 'min' };
const comparisons: ReadonlySet<string> = new Set(['=', '<', '>', 'le', 'ge', 'ne', 'in']);

class Parser implements Grammar {
  readonly notation: Notation;
  #depth = 0;

  constructor(notation: Notation) {
    this.notation = notation;
  }

  whole(tokens: readonly Token[], span: Span): Expression {
    const cursor = new Cursor(meaningful(tokens), spanOfTokens(tokens, span));
    if (cursor.done) cursor.fail('expected a formula');
    const items: Expression[] = [this.#compared(cursor)];
    // After dots, the comma may be missing.
    while (!cursor.done && (this.#isSeparator(cursor) || items.at(-1)!.kind === 'dots')) {
      if (this.#isSeparator(cursor)) cursor.next();
      if (cursor.done) break;
      items.push(this.#compared(cursor));
    }
    if (!cursor.done) this.#unexpected(cursor);
    if (items.length === 1) return items[0]!;
    return { ...cursor.since(0), kind: 'tuple', items: withSeries('list', items).terms };
  }

  #isSeparator(cursor: Cursor): boolean {
    return cursor.isCharacter(',', ';', '|', ':') || cursor.isCommand('mid', 'colon', 'vert');
  }

  #compared(cursor: Cursor): Expression {
    const start = cursor.at;
    let left = this.sum(cursor);
    for (;;) {
      const op = relationOf(cursor.peek());
      if (op === undefined || !comparisons.has(op)) return left;
      cursor.next();
      const right = this.sum(cursor);
      left = { ...cursor.since(start), kind: 'compare', op: op as Comparison, left, right };
    }
  }

  #unexpected(cursor: Cursor): never {
    const of = cursor.peek()!;
    const text = of.kind === 'command' ? `\\${of.text}` : of.text;
    if (of.kind === 'command' && closers.has(of.text)) cursor.fail(`unmatched '${text}'`);
    if (of.kind === 'character' && closers.has(of.text)) cursor.fail(`unmatched '${text}'`);
    cursor.fail(
      of.kind === 'environment'
        ? `the environment ${of.text} isn't supported here`
        : `expected an operator or the end, found '${text}'`,
    );
  }

  sum(cursor: Cursor): Expression {
    if (++this.#depth > deepest) cursor.fail('the formula is nested too deeply');
    const start = cursor.at;
    const terms: Expression[] = [];
    const minus: boolean[] = [];
    let negative = false;
    while (cursor.isCharacter('+', '-')) negative = cursor.next()!.text === '-' ? !negative : negative;
    for (;;) {
      terms.push(this.#term(cursor));
      minus.push(negative);
      if (!cursor.isCharacter('+', '-')) break;
      negative = false;
      while (cursor.isCharacter('+', '-')) negative = cursor.next()!.text === '-' ? !negative : negative;
    }
    this.#depth--;
    if (terms.length === 1 && !minus[0]) return terms[0]!;
    const whole = withSeries('sum', terms, minus);
    if (whole.terms.length === 1 && !whole.minus[0]) return whole.terms[0]!;
    return { ...cursor.since(start), kind: 'sum', ...whole };
  }

  #term(cursor: Cursor): Expression {
    const of = cursor.peek();
    if (of?.kind === 'command' && dotCommands.has(of.text)) {
      const start = cursor.at;
      cursor.next();
      return { ...cursor.since(start), kind: 'dots' };
    }
    return this.loose(cursor);
  }

  loose(cursor: Cursor): Expression {
    const start = cursor.at;
    let left = this.tight(cursor);
    for (;;) {
      const of = cursor.peek();
      const mark =
        of !== undefined && Object.hasOwn(looseMarks, of.text) && of.kind !== 'word' ? looseMarks[of.text] : undefined;
      if (mark === undefined) return left;
      cursor.next();
      if (cursor.done)
        cursor.fail(`expected a formula after '${of!.kind === 'command' ? '\\' : ''}${of!.text}'`, of!.span);
      const right = this.tight(cursor);
      left = { ...cursor.since(start), kind: 'loose', mark, left, right };
    }
  }

  tight(cursor: Cursor): Expression {
    const start = cursor.at;
    const factors: Expression[] = [this.factor(cursor)];
    const marks: ProductMark[] = [];
    for (;;) {
      const of = cursor.peek();
      if (of === undefined) break;
      const mark = of.kind === 'command' && Object.hasOwn(tightMarks, of.text) ? tightMarks[of.text] : undefined;
      if (mark !== undefined) {
        cursor.next();
        if (cursor.done) cursor.fail(`expected a formula after '\\${of.text}'`, of.span);
        factors.push(this.#signed(cursor));
        marks.push(mark);
      } else if (isCharacter(of, '/') || isCommand(of, 'div')) {
        cursor.next();
        if (cursor.done) cursor.fail("expected a formula after '/'", of.span);
        const numerator = factors.pop()!;
        const denominator = this.factor(cursor);
        const span = { start: numerator.span.start, end: denominator.span.end };
        factors.push({
          span,
          verbatim: numerator.verbatim && denominator.verbatim,
          kind: 'fraction',
          numerator,
          denominator,
          slash: true,
        });
      } else if (startsFactor(cursor)) {
        factors.push(this.factor(cursor));
        marks.push('');
      } else if (isCommand(of, 'cdots', 'dotsm') && cursor.peek(1) !== undefined) {
        factors.push(this.#term(cursor));
        marks.push('');
      } else break;
    }
    if (!factors.some(({ kind }) => kind === 'dots'))
      return factors.length === 1 ? factors[0]! : { ...cursor.since(start), kind: 'product', factors, marks };
    const { terms } = withSeries('prod', factors);
    const [only] = terms;
    if (terms.length === 1) return only!;
    return { ...cursor.since(start), kind: 'product', factors: terms, marks: terms.slice(1).map(() => '') };
  }

  /** Parses a factor that may have a sign, as after \cdot. */
  #signed(cursor: Cursor): Expression {
    if (!cursor.isCharacter('-')) return this.factor(cursor);
    const start = cursor.at;
    cursor.next();
    const term = this.factor(cursor);
    return { ...cursor.since(start), kind: 'sum', terms: [term], minus: [true] };
  }

  factor(cursor: Cursor): Expression {
    if (++this.#depth > deepest) cursor.fail('the formula is nested too deeply');
    const start = cursor.at;
    const result = this.#scripted(cursor, start, this.#primary(cursor));
    this.#depth--;
    return result;
  }

  letter(cursor: Cursor): LetterNode | undefined {
    return letterAt(this, cursor);
  }

  /** Parses the subscripts and superscripts of any expression. */
  #scripted(cursor: Cursor, start: number, base: Expression): Expression {
    let result = base;
    for (;;) {
      const pending = cursor.pendingTranspose;
      if (pending !== undefined) {
        cursor.pendingTranspose = undefined;
        result = { ...cursor.since(start), kind: 'transpose', of: result, mark: pending };
        continue;
      }
      if (cursor.isCharacter('^')) {
        const mark = cursor.next()!;
        if (cursor.done) cursor.fail("expected something after '^'", mark.span);
        const key = result.kind === 'letter' ? keyOf(result) : undefined;
        const script = superscript(this, cursor.script(mark), cursor, key);
        // g^2(x) is the square of g(x).
        const isCalled = script.kind === 'power' && key !== undefined && this.notation.functions.has(key);
        if (isCalled && result.kind === 'letter' && cursor.isCharacter('('))
          result = applied(this, cursor, start, result);
        result = raised(result, script, cursor.since(start));
      } else if (cursor.isCharacter('_')) {
        const mark = cursor.next()!;
        if (cursor.done) cursor.fail("expected an index after '_'", mark.span);
        const tokens = cursor.script(mark);
        if (result.kind === 'norm') result = { ...result, ...cursor.since(start), order: orderOf(tokens) };
        else {
          const indices = indicesOf(this, tokens, cursor);
          // Words under an expression are a remark.
          if (indices.every(({ kind }) => kind === 'prose')) result = { ...result, ...cursor.since(start) };
          else result = { ...cursor.since(start), kind: 'element', of: result, indices };
        }
      } else if (isPointBar(cursor)) result = pointAt(this, cursor, start, result);
      else {
        const primes = result.kind === 'letter' ? 0 : primesAt(cursor);
        if (primes === 0) return result;
        result = { ...cursor.since(start), kind: 'transpose', of: result, mark: "'" };
      }
    }
  }

  #primary(cursor: Cursor): Expression {
    const start = cursor.at;
    const first = cursor.peek();
    if (first === undefined) cursor.fail('expected a formula');
    const digits = numberAt(cursor);
    if (digits !== undefined) return digits;
    const fenced = fence(cursor);
    if (fenced !== undefined) return this.#fenced(cursor, start, fenced);
    if (first.kind === 'environment') return this.#environment(cursor, first);
    const special = first.kind === 'command' ? this.#command(cursor, start, first) : undefined;
    if (special !== undefined) return special;
    const named = functionAt(cursor);
    if (named !== undefined) return known(this, cursor, start, named);
    const differential =
      isCharacter(first, 'd') || first.kind === 'command' ? derivativeInLine(this, cursor) : undefined;
    if (differential !== undefined) return differential;
    if (
      isCharacter(first, 'e') &&
      isCharacter(cursor.peek(1), '^') &&
      !this.notation.superscripted.has('e') &&
      !this.notation.ownE
    ) {
      return exponential(this, cursor, start);
    }
    const letter = letterAt(this, cursor);
    if (letter !== undefined) return applied(this, cursor, start, letter);
    if (first.kind === 'group') {
      cursor.next();
      if (first.children.length === 0) return this.#primary(cursor);
      return { ...this.whole(first.children, first.span), ...cursor.since(start) };
    }
    const text = first.kind === 'command' ? `\\${first.text}` : first.text;
    if (first.kind === 'command' && !closers.has(first.text) && !(first.text in relations)) {
      cursor.fail(`the command ${text} isn't known`, first.span);
    }
    cursor.fail(`expected a formula, found '${text}'`, first.span);
  }

  #fenced(cursor: Cursor, start: number, { open, inside, span }: Fence): Expression {
    const common = cursor.since(start);
    if (inside.length === 0) cursor.fail('expected a formula between the brackets', span);
    if (open === 'langle') {
      const body = this.whole(inside, span);
      if (body.kind !== 'tuple' || body.items.length !== 2)
        cursor.fail('expected two formulas between \\langle and \\rangle', span);
      return { ...common, kind: 'inner', left: body.items[0]!, right: body.items[1]! };
    }
    if (open === '|' || open === '||') {
      const cursorInside = new Cursor(meaningful(inside), spanOfTokens(inside, span));
      cursorInside.insideBars = true;
      const of = this.sum(cursorInside);
      if (!cursorInside.done) this.#unexpected(cursorInside);
      return open === '|' ? { ...common, kind: 'absolute', of } : { ...common, kind: 'norm', of, order: undefined };
    }
    if (open === '.') return this.#atPoint(cursor, start, inside, span);
    if (!'([{'.includes(open)) cursor.fail('brackets of this kind are not supported', span);
    const [only] = inside;
    if (inside.length === 1 && only?.kind === 'environment' && matrixEnvironments.has(only.text)) {
      const matrix = matrixAt(this, new Cursor(inside, span));
      return { ...matrix, ...common };
    }
    if (inside.length === 1 && only?.kind === 'environment' && only.text === 'cases') {
      return casesAt(this, new Cursor(inside, span));
    }
    const body = this.whole(inside, span);
    if (body.kind === 'compare' && open !== '(' && body.op !== 'in')
      return { ...common, kind: 'indicator', condition: body };
    const close = { '(': ')', '[': ']', '{': '}' }[open] ?? ')';
    return { ...common, kind: 'group', open, close, body };
  }

  /** Parses \\left. … \\right|_{x = 2}; the cursor is after the bar. */
  #atPoint(cursor: Cursor, start: number, inside: readonly Token[], span: Span): Expression {
    const of = this.whole(inside, span);
    if (!cursor.isCharacter('_')) cursor.fail("expected a point after this bar, such as '_{x = 2}'", span);
    cursor.at--;
    return pointAt(this, cursor, start, of);
  }

  #environment(cursor: Cursor, environment: Token): Expression {
    if (matrixEnvironments.has(environment.text)) return matrixAt(this, cursor);
    if (/^[dr]?cases\*?$/.test(environment.text)) return casesAt(this, cursor);
    if (rowEnvironments.has(environment.text)) {
      cursor.next();
      return this.whole(
        environment.children.filter((of) => !isCommand(of, '\\')),
        environment.span,
      );
    }
    cursor.fail(`the environment ${environment.text} isn't supported`, environment.span);
  }

  #command(cursor: Cursor, start: number, first: Token): Expression | undefined {
    switch (first.text) {
      case 'frac':
      case 'dfrac':
      case 'tfrac':
      case 'cfrac':
      case 'nicefrac':
      case 'sfrac': {
        cursor.next();
        const [above, below] = [cursor.argument(first), cursor.argument(first)];
        const [numerator, denominator] = [meaningful(above), meaningful(below)];
        if (isDerivative(numerator, denominator))
          return derivativeFraction(this, cursor, start, numerator, denominator);
        const divided = dividedDerivative(numerator, denominator);
        if (divided !== undefined) {
          const whole = derivativeFraction(this, cursor, start, numerator, divided.denominator);
          const by = this.whole(divided.by, first.span);
          return { ...whole, verbatim: false, kind: 'fraction', numerator: whole, denominator: by, slash: false };
        }
        if (numerator.length === 0 || denominator.length === 0)
          cursor.fail('expected a numerator and a denominator', first.span);
        const common = cursor.since(start);
        return {
          ...common,
          kind: 'fraction',
          numerator: this.whole(numerator, first.span),
          denominator: this.whole(denominator, first.span),
          slash: false,
        };
      }
      case 'sqrt': {
        cursor.next();
        const order = cursor.optional();
        const inside = this.whole(cursor.argument(first), first.span);
        const common = cursor.since(start);
        if (order !== undefined) {
          const one: Expression = { ...common, verbatim: false, kind: 'number', text: '1' };
          const denominator = this.whole(order, first.span);
          const exponent: Expression = {
            ...common,
            verbatim: false,
            kind: 'fraction',
            numerator: one,
            denominator,
            slash: false,
          };
          return { ...common, kind: 'power', base: inside, exponent, elementwise: false };
        }
        return {
          ...common,
          kind: 'call',
          fn: letterOf(made, 'sqrt', { alphabet: 'upright' }),
          args: [inside],
          open: 'sqrt',
        };
      }
      case 'partial':
        return derivativeInLine(this, cursor);
      case 'nabla':
        return gradient(this, cursor);
      case 'int':
        return integralAt(this, cursor, start);
      case 'lim':
        return limitAt(this, cursor, start);
      case 'sum':
      case 'prod':
      case 'max':
      case 'min': {
        if (!isCharacter(cursor.peek(1), '_', '^') && (first.text === 'max' || first.text === 'min')) {
          cursor.next();
          return known(this, cursor, start, knownLetter(cursor, start, first.text));
        }
        return bigAt(this, cursor, start, bigOperators[first.text]!);
      }
      case 'arg':
      case 'argmax':
      case 'argmin':
      case 'iint':
      case 'oint':
        cursor.fail(`\\${first.text} isn't supported`, first.span);
    }
    return undefined;
  }
}

/** Returns the order of a norm, which its subscript gives. */
function orderOf(tokens: readonly Token[]): string {
  const text = wordsOf(tokens.flatMap((of) => (of.kind === 'group' ? of.children : [of])));
  return isCommand(tokens[0], 'infty') ? 'infty' : text;
}

/** Parses tokens as a single expression. */
export function parseExpression(tokens: readonly Token[], span: Span, notation: Notation): Expression {
  try {
    return new Parser(notation).whole(tokens, span);
  } catch (error) {
    if (error instanceof RangeError) throw new FormulaError('the formula is nested too deeply', span);
    throw error;
  }
}
