/** Expands the macros of a page. */

import { FormulaError } from '../text/errors.ts';
import type { Macro, Macros } from '../text/macros.ts';
import type { Span } from '../text/source.ts';
import { latexTokens } from './latex-tokens.ts';
import { isCharacter, type Origin, type Token } from './tokens.ts';

const deepest = 40;
const most = 20_000;

const originOf = (isArgument = false): Origin => ({ of: {}, isArgument, first: false, last: false });

/** Adds a macro to the origins of a token. */
const from = (of: Token, origin: Origin): Token => ({ ...of, origins: [origin, ...(of.origins ?? [])] });

/** Moves the tokens of a macro's body to the position of its use. */
const moved = (tokens: readonly Token[], span: Span, origin: Origin): Token[] =>
  tokens.map((of) => from({ ...of, span, expanded: true, children: moved(of.children, span, origin) }, origin));

/** Marks tokens as coming from an argument. */
function argument(tokens: readonly Token[]): Token[] {
  const origin = originOf(true);
  return tokens.map((of) => from(of, origin));
}

/** Marks the first and the last token of an expansion. */
function ended(tokens: readonly Token[]): Token[] {
  const isSolid = ({ kind }: Token): boolean => kind !== 'space';
  const [start, end] = [tokens.findIndex(isSolid), tokens.findLastIndex(isSolid)];
  return tokens.map((of, i) => {
    const [origin, ...others] = of.origins ?? [];
    if (origin === undefined || (i !== start && i !== end)) return of;
    return { ...of, origins: [{ ...origin, first: i === start, last: i === end }, ...others] };
  });
}

/** Replaces #1, #2, … in a macro's body by arguments. */
function filled(body: readonly Token[], values: readonly (readonly Token[])[]): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < body.length; i++) {
    const at = body[i]!;
    const next = body[i + 1];
    const digit = isCharacter(at, '#') && next?.kind === 'character' ? Number(next.text) : Number.NaN;
    if (digit >= 1 && digit <= values.length) {
      result.push(...values[digit - 1]!);
      i++;
    } else result.push(at.children.length > 0 ? { ...at, children: filled(at.children, values) } : at);
  }
  return result;
}

/** Reads the arguments after a macro: groups or single tokens. An optional first argument is in brackets. */
function argumentsOf(macro: Macro, tokens: readonly Token[], start: number, use: Token) {
  const values: (readonly Token[])[] = [];
  let at = start;
  const skipSpace = (): void => {
    while (tokens[at]?.kind === 'space') at++;
  };
  if (macro.fallback !== undefined) {
    skipSpace();
    const close = isCharacter(tokens[at], '[') ? tokens.findIndex((of, i) => i > at && isCharacter(of, ']')) : -1;
    values.push(close < 0 ? moved(latexTokens(macro.fallback, 0), use.span, originOf()) : tokens.slice(at + 1, close));
    if (close >= 0) at = close + 1;
  }
  while (values.length < macro.arity) {
    skipSpace();
    const value = tokens[at++];
    if (value === undefined) throw new FormulaError(`\\${macro.name} expects ${macro.arity} arguments`, use.span);
    values.push(value.kind === 'group' ? value.children : [value]);
  }
  return { values, end: at };
}

/** Expands the macros in a list of tokens. The resulting tokens have the position of the macro's use. */
export function expanded(tokens: readonly Token[], macros: Macros): readonly Token[] {
  if (macros.size === 0) return tokens;
  const bodies = new Map<Macro, readonly Token[]>();
  let count = 0;
  const bodyOf = (macro: Macro): readonly Token[] => {
    const known = bodies.get(macro) ?? latexTokens(macro.body, 0);
    bodies.set(macro, known);
    return known;
  };
  const expand = (list: readonly Token[], depth: number): Token[] => {
    const result: Token[] = [];
    for (let i = 0; i < list.length; i++) {
      const at = list[i]!;
      if (depth > deepest || ++count > most) throw new FormulaError('a macro expands endlessly', at.span);
      const macro = at.kind === 'command' ? macros.get(at.text) : undefined;
      if (macro === undefined) {
        result.push(at.children.length > 0 ? { ...at, children: expand(at.children, depth) } : at);
        continue;
      }
      const { values, end } = argumentsOf(macro, list, i + 1, at);
      const last = list[end - 1] ?? at;
      const span = { start: at.span.start, end: Math.max(at.span.end, last.span.end) };
      const body = filled(moved(bodyOf(macro), span, originOf()), values.map(argument));
      const outer = at.origins ?? [];
      const made = ended(expand(body, depth + 1));
      result.push(
        ...(outer.length === 0 ? made : made.map((of) => ({ ...of, origins: [...outer, ...(of.origins ?? [])] }))),
      );
      i = end - 1;
    }
    return result;
  };
  return expand(tokens, 0);
}
