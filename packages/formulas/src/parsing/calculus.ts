/** Parses derivatives: ∂L/∂W in all its notations. */

import {
  bare,
  type DerivativeMark,
  type DerivativeNode,
  type Expression,
  keyOf,
  type LetterNode,
  made,
} from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import { isCharacter, isCommand, type Token } from '../syntax/tokens.ts';
import type { Span } from '../text/source.ts';
import { Cursor, type Grammar } from './cursor.ts';
import { fence, opensWith } from './fences.ts';

/** Recognizes the start of a derivative: ∂, or a d in any notation. */
export function differentialAt(
  tokens: readonly Token[],
  at = 0,
): { readonly mark: 'partial' | 'd'; readonly length: number } | undefined {
  const [first, second] = [tokens[at], tokens[at + 1]];
  if (isCommand(first, 'partial')) return { mark: 'partial', length: 1 };
  if (isCharacter(first, 'd')) return { mark: 'd', length: 1 };
  if (isCommand(first, 'dd', 'diff', 'differential')) return { mark: 'd', length: 1 };
  const isUpright = isCommand(first, 'mathrm', 'operatorname', 'text', 'rm', 'mathbf') && second?.kind === 'group';
  return isUpright && second.children.length === 1 && isCharacter(second.children[0], 'd')
    ? { mark: 'd', length: 2 }
    : undefined;
}

/** Parses the order of a derivative: 2 for ∂^2, and 1 if no exponent follows. */
function orderAt(grammar: Grammar, cursor: Cursor): number {
  if (!cursor.isCharacter('^')) return 1;
  cursor.next();
  const tokens = cursor.argument({ ...cursor.tokens[cursor.at - 1]! });
  const order = bare(grammar.whole(tokens, cursor.here()));
  const value = order.kind === 'number' ? Number(order.text) : Number.NaN;
  if (!(value >= 1 && value <= 4 && Number.isInteger(value)))
    cursor.fail('expected the order of the derivative, a small integer', order.span);
  return value;
}

/** Skips a d or ∂. */
function skipDifferential(cursor: Cursor): void {
  cursor.at += differentialAt(cursor.tokens, cursor.at)?.length ?? 0;
}

/** Parses the variables in a denominator: ∂x ∂y, ∂x^2. */
function variablesOf(grammar: Grammar, tokens: readonly Token[], span: Span, order: number): readonly Expression[] {
  const cursor = new Cursor(tokens, span);
  const by: Expression[] = [];
  while (!cursor.done) {
    if (differentialAt(cursor.tokens, cursor.at) === undefined) cursor.fail("expected '\\partial' and a variable");
    skipDifferential(cursor);
    let times = 1;
    if (cursor.isCharacter('^')) times = orderAt(grammar, cursor);
    const variable = grammar.factor(cursor);
    const isRepeated = variable.kind === 'power' && bare(variable.exponent).kind === 'number' && order > 1;
    if (isRepeated) {
      const exponent = Number((bare(variable.exponent) as { text: string }).text);
      for (let i = 0; i < exponent; i++) by.push(variable.base);
    } else for (let i = 0; i < times; i++) by.push(variable);
  }
  return by;
}

/** Parses the expression that a differential operator is applied to. */
function operand(grammar: Grammar, cursor: Cursor, operator: Token): Expression {
  if (cursor.done) cursor.fail('expected an expression to differentiate after this', operator.span);
  const start = cursor.at;
  const first = grammar.factor(cursor);
  // In (f) g and L(w) g, only the first factor is differentiated; in x^T A x, x' A x and 1/2 |w|^2, the whole product is.
  const { functions, impliedSums } = grammar.notation;
  const isTurned = first.kind === 'letter' && first.primes > 0 && !functions.has(keyOf(first));
  // With Einstein's convention, so is x_i a_{ij} x_j.
  const isSummed = first.kind === 'letter' && first.sub.length > 0 && impliedSums;
  if (isTurned || isSummed) {
    cursor.at = start;
    return grammar.tight(cursor);
  }
  if (first.kind === 'group' || first.kind === 'letter' || (first.kind === 'call' && first.open !== '')) return first;
  cursor.at = start;
  return grammar.tight(cursor);
}

/** Returns whether a fraction is a derivative, judged by its numerator and denominator. */
export function isDerivative(numerator: readonly Token[], denominator: readonly Token[]): boolean {
  const [above, below] = [differentialAt(numerator), differentialAt(denominator)];
  if (above === undefined || below === undefined || above.mark !== below.mark) return false;
  // d/n is a quotient of letters.
  return above.mark === 'partial' || denominator.length > below.length;
}

/**
 * Splits the denominator of a derivative that has a factor before the variable, n ∂x, into the factor and the rest.
 * Returns undefined if there is no such factor.
 */
export function dividedDerivative(
  numerator: readonly Token[],
  denominator: readonly Token[],
): { readonly by: readonly Token[]; readonly denominator: readonly Token[] } | undefined {
  const at = denominator.findIndex((_, i) => i > 0 && differentialAt(denominator, i)?.mark === 'partial');
  if (at < 0 || differentialAt(denominator) !== undefined || differentialAt(numerator)?.mark !== 'partial')
    return undefined;
  const isMarked = isCommand(denominator[at - 1], 'cdot', 'times');
  const by = denominator.slice(0, isMarked ? at - 1 : at);
  return by.length === 0 ? undefined : { by, denominator: denominator.slice(at) };
}

/** Returns whether an argument is a letter, a number or a call, so that brackets around it aren't a factor. */
function isArgument(e: Expression): boolean {
  const inside = bare(e);
  return inside.kind === 'letter' || inside.kind === 'number' || inside.kind === 'call';
}

/** Parses the arguments of a derivative: df/du (u(x)), ∂u/∂a (a, b). */
function appliedAt(
  grammar: Grammar,
  cursor: Cursor,
  start: number,
  fn: LetterNode,
  variable: Expression,
): Expression | undefined {
  const at = cursor.at;
  if (!grammar.notation.functions.has(keyOf(fn)) || !opensWith(cursor, '(')) return undefined;
  const { inside, span } = fence(cursor)!;
  const body = inside.length === 0 ? undefined : grammar.whole(inside, span);
  const args = body?.kind === 'tuple' ? body.items : body === undefined ? [] : [body];
  const common = { ...cursor.since(start), verbatim: false };
  const call = { ...common, kind: 'call', fn, args, open: '(' } as const;
  const isOf = (arg: Expression): boolean =>
    textOf(bare(arg)) === textOf(bare(variable)) || (arg.kind === 'call' && textOf(arg.fn) === textOf(bare(variable)));
  const by = args.find(isOf);
  if (args.length > 0 && args.every(isArgument)) {
    if (by !== undefined) return { ...common, kind: 'derivative', mark: 'partial', of: call, by: [by], behind: false };
    if (args.length === 1) return { ...call, fn: { ...fn, primes: fn.primes + 1 } };
  }
  cursor.at = at;
  return undefined;
}

/** Parses \frac{∂ of}{∂ by}, or \frac{∂}{∂ by} of. The cursor is after the fraction. */
export function derivativeFraction(
  grammar: Grammar,
  cursor: Cursor,
  start: number,
  numerator: readonly Token[],
  denominator: readonly Token[],
): Expression {
  const command = cursor.tokens[start]!;
  const above = new Cursor(numerator, command.span);
  const mark: DerivativeMark = differentialAt(above.tokens)!.mark;
  skipDifferential(above);
  const order = orderAt(grammar, above);
  const inside = above.done ? undefined : grammar.whole(above.tokens.slice(above.at), above.here());
  const by = variablesOf(grammar, denominator, command.span, order);
  if (by.length === 0) cursor.fail('expected a variable to differentiate with respect to', command.span);
  if (by.length !== order && !(by.length === 1 && order === 1)) {
    cursor.fail(
      `the derivative has order ${order} in the numerator, but ${by.length} in the denominator`,
      command.span,
    );
  }
  const applied =
    inside?.kind === 'letter' && order === 1 ? appliedAt(grammar, cursor, start, inside, by[0]!) : undefined;
  if (applied !== undefined) return { ...applied, ...cursor.since(start) };
  const of = inside ?? operand(grammar, cursor, command);
  return { ...cursor.since(start), kind: 'derivative', mark, of, by, behind: inside === undefined };
}

/** Parses ∂L/∂W, dL/dW or ∂_x f. Returns undefined if the ∂ or d at the cursor doesn't begin a derivative. */
export function derivativeInLine(grammar: Grammar, cursor: Cursor): Expression | undefined {
  const start = cursor.at;
  const found = differentialAt(cursor.tokens, start);
  if (found === undefined) return undefined;
  skipDifferential(cursor);
  if (found.mark === 'partial' && cursor.isCharacter('_')) {
    cursor.next();
    const by = grammar.whole(cursor.script(cursor.tokens[start]!), cursor.here());
    const of = operand(grammar, cursor, cursor.tokens[start]!);
    return { ...cursor.since(start), kind: 'derivative', mark: 'subscript', of, by: [by], behind: true };
  }
  const slash = slashFrom(cursor);
  if (slash >= 0 && differentialAt(cursor.tokens, slash + 1)?.mark === found.mark) {
    const order = orderAt(grammar, cursor);
    const numerator = cursor.tokens.slice(cursor.at, slash);
    cursor.at = slash + 1;
    const by: Expression[] = [];
    while (differentialAt(cursor.tokens, cursor.at)?.mark === found.mark && by.length < order) {
      skipDifferential(cursor);
      const variable = grammar.factor(cursor);
      const isRepeated = order > 1 && variable.kind === 'power';
      for (let i = 0; i < (isRepeated ? order : 1); i++) by.push(isRepeated ? variable.base : variable);
    }
    const of =
      numerator.length > 0
        ? grammar.whole(numerator, cursor.tokens[start]!.span)
        : operand(grammar, cursor, cursor.tokens[start]!);
    return { ...cursor.since(start), kind: 'derivative', mark: 'slash', of, by, behind: numerator.length === 0 };
  }
  if (grammar.notation.differentials.has(found.mark)) {
    const of = cursor.done ? undefined : grammar.letter(cursor);
    const isCurly = found.mark === 'partial';
    if (of !== undefined)
      return { ...cursor.since(start), kind: 'derivative', mark: 'differential', of, by: [of], behind: false, isCurly };
  }
  if (found.mark === 'partial')
    cursor.fail("expected a derivative, such as ∂L/∂W, after '\\partial'", cursor.tokens[start]!.span);
  cursor.at = start;
  return undefined;
}

/** Finds the slash of ∂L/∂W. Only a letter, its indices and arguments may come before it. */
function slashFrom(cursor: Cursor): number {
  let depth = 0;
  for (let at = cursor.at; at < cursor.tokens.length && at < cursor.at + 24; at++) {
    const of = cursor.tokens[at]!;
    if (isCharacter(of, '(', '[')) depth++;
    else if (isCharacter(of, ')', ']')) depth--;
    else if (depth === 0 && isCharacter(of, '/')) return at;
    else if (depth === 0 && (isCharacter(of, '+', '-', '=', ',') || isCommand(of, 'odot', 'leftarrow', 'cdot')))
      return -1;
    if (depth < 0) return -1;
  }
  return -1;
}

/** Returns the variable of a gradient without a subscript: all arguments of the function. */
const variableOf = (args: readonly Expression[]): Expression | undefined =>
  args.length < 2
    ? args[0]
    : { span: { start: args[0]!.span.start, end: args.at(-1)!.span.end }, verbatim: false, kind: 'tuple', items: args };

/** Returns the variable of the gradient of a letter, as far as the page's notation is known. */
function spokenVariable({ notation }: Grammar, of: Expression): Expression | undefined {
  if (notation.variables === undefined) return { ...made, kind: 'prose', text: 'any' };
  return of.kind === 'letter' ? notation.variables.get(keyOf(of)) : undefined;
}

/** Parses L^T or f(x)^T after \nabla, where the gradient is transposed: a function whose value is a number. */
function transposedAt(grammar: Grammar, cursor: Cursor): Expression | undefined {
  const at = cursor.at;
  if (cursor.done) return undefined;
  const first = grammar.factor(cursor);
  const inside = first.kind === 'transpose' && first.mark !== "'" ? bare(first.of) : undefined;
  const isNumber =
    (inside?.kind === 'call' && inside.fn.alphabet !== 'upright') ||
    (inside?.kind === 'letter' && /^(?:L|J|E|C|ell|f)$/.test(inside.name) && inside.alphabet !== 'bold');
  if (isNumber) return inside;
  cursor.at = at;
  return undefined;
}

/** Parses \nabla_W L. */
export function gradient(grammar: Grammar, cursor: Cursor): Expression {
  const start = cursor.at;
  const command = cursor.next()!;
  let by: Expression | undefined;
  let order = 1;
  for (;;) {
    if (cursor.isCharacter('_') && by === undefined) {
      cursor.next();
      by = grammar.whole(cursor.script(command), cursor.here());
    } else if (cursor.isCharacter('^')) order = orderAt(grammar, cursor);
    else break;
  }
  const turned = transposedAt(grammar, cursor);
  const of = turned ?? operand(grammar, cursor, command);
  const called = bare(of);
  const variable = by ?? (called.kind === 'call' ? variableOf(called.args) : spokenVariable(grammar, called));
  if (variable === undefined)
    cursor.fail("expected a variable to differentiate with respect to, as in '\\nabla_W L'", command.span);
  const common = cursor.since(start);
  const variables = Array.from({ length: order }, () => variable);
  const derivative: DerivativeNode = { ...common, kind: 'derivative', mark: 'nabla', of, by: variables, behind: true };
  return turned === undefined
    ? derivative
    : { ...common, kind: 'transpose', of: { ...derivative, verbatim: false }, mark: '\\top' };
}
