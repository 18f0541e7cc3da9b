/** Parses procedures: `for l = L-1 : 1 do`, and the words that begin and end them. */

import { relationOf } from '../parsing/meaningful.ts';
import type { Expression, LetterNode } from '../syntax/ast.ts';
import { bare } from '../syntax/ast.ts';
import { isCharacter, isCommand, type Token, wordsOf } from '../syntax/tokens.ts';

/** An index with its range. */
export interface Range {
  readonly index: LetterNode;
  readonly from: Expression;
  readonly to: Expression;
}

export type Keyword = 'for' | 'while' | 'if' | 'end' | 'return' | 'header';

const keywords: readonly (readonly [RegExp, Keyword])[] = [
  [/^(?:end|done|endfor|endwhile|until)\b/i, 'end'],
  [/^for(?:each| each| all)?\b/i, 'for'],
  [/^(?:while|repeat|loop)\b/i, 'while'],
  [/^(?:if|else|elseif|then)\b/i, 'if'],
  [/^return\b/i, 'return'],
  [
    /^(?:procedure|function|algorithm|input|output|require|ensure|data|result|initiali[sz]e|init|parameters?)\b/i,
    'header',
  ],
];

const styled = [
  'mathbf',
  'textbf',
  'text',
  'mathrm',
  'operatorname',
  'textrm',
  'textsc',
  'mathsf',
  'texttt',
  'mathtt',
  'bf',
  'mbox',
  'textsf',
  'mathit',
  'textit',
  'boldsymbol',
  'emph',
];

/** Returns the keyword at the start of a row, and the tokens after it. */
export function keywordOf(row: readonly Token[]): { keyword: Keyword; rest: readonly Token[] } | undefined {
  const isEmpty = (of: Token): boolean =>
    of.kind === 'space' || (of.kind === 'command' && /^(?:[ ,;:!>~]|q?quad|State|Statex|hspace)$/.test(of.text));
  const solid = row.filter((of) => !isEmpty(of));
  const [first, second] = solid;
  const isStyled = isCommand(first, ...styled) && second?.kind === 'group';
  const text = isStyled
    ? wordsOf(second.children)
    : first?.kind === 'word' || first?.kind === 'prose'
      ? first.text
      : '';
  const found = keywords.find(([pattern]) => pattern.test(text));
  if (found === undefined) return undefined;
  return { keyword: found[1], rest: solid.slice(isStyled ? 2 : 1) };
}

/** Returns whether a token separates the ends of a range. */
const isBetween = (of: Token): boolean =>
  isCharacter(of, ':') ||
  isCommand(of, 'to', 'rightarrow', 'colon', 'downto', 'KwTo', 'ldots', 'dots', 'cdots') ||
  (of.kind === 'prose' && /\b(?:to|until|bis|à)\b/.test(of.text)) ||
  (of.kind === 'word' && /^(?:to|downto)$/.test(of.text));

/** Parses `l = 1 : L`, `l = L-1, …, 1` or `l \in \{1, …, L\}`; returns undefined if this isn't a range. */
export function rangeOf(tokens: readonly Token[], parse: (tokens: readonly Token[]) => Expression): Range | undefined {
  const prose = asProse(tokens);
  const at = prose.findIndex((of) => ['=', 'leftarrow', 'in', 'define'].includes(relationOf(of) ?? ''));
  if (at < 1) return undefined;
  const index = attempt(() => bare(parse(prose.slice(0, at))));
  if (index?.kind !== 'letter' || index.sub.length + index.sup.length > 0) return undefined;
  let rest = prose.slice(at + 1);
  rest = rest.filter((of) => !(of.kind === 'command' && /^(?:[ ,;:!]|q?quad)$/.test(of.text)));
  const opens = isCommand(rest[0], '{', 'lbrace') || isCharacter(rest[0], '[');
  if (opens) rest = rest.slice(1).filter((of) => !(isCommand(of, '}', 'rbrace') || isCharacter(of, ']')));
  const end = rest.findIndex(
    (of) => (of.kind === 'prose' && !isBetween(of)) || (of.kind === 'word' && of.text === 'do'),
  );
  if (end >= 0) rest = rest.slice(0, end);
  const between = rest.findIndex(isBetween);
  if (between < 1) return undefined;
  const firstEnd = rest.findIndex((of) => isCharacter(of, ','));
  const fromTokens = rest.slice(0, firstEnd >= 0 && firstEnd < between ? firstEnd : between);
  const toTokens = rest.slice(between + 1).filter((of) => !isCharacter(of, ','));
  const [from, to] = [attempt(() => bare(parse(fromTokens))), attempt(() => bare(parse(toTokens)))];
  return from === undefined || to === undefined ? undefined : { index, from, to };
}

/** Turns each \text{…} whose words belong to a loop or a range into one prose token. */
function asProse(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const of = tokens[i]!;
    const next = tokens[i + 1];
    const words = isCommand(of, ...styled) && next?.kind === 'group' ? wordsOf(next.children) : '';
    if (/^(?:do|to|down ?to|until|bis|and|,|step .*|by .*)$/i.test(words)) {
      result.push({ ...of, kind: 'prose', text: words.toLowerCase() });
      i++;
    } else if (of.kind !== 'space') result.push(of);
  }
  return result;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
