/** Finds the tokens that carry meaning, and the relations among them. */

import { accents, relations, shownFirst, shownSecond, silent, silentWithArgument } from '../syntax/names.ts';
import { isCharacter, type Token } from '../syntax/tokens.ts';

/** The results of `meaningful`, which is called for the same tokens whenever they are parsed. */
const known = new WeakMap<readonly Token[], readonly Token[]>();

/** Removes tokens without meaning: spacing, sizes, labels, styles. */
export function meaningful(tokens: readonly Token[]): readonly Token[] {
  const before = known.get(tokens);
  if (before !== undefined) return before;
  const result = cleaned(tokens);
  known.set(tokens, result);
  known.set(result, result);
  return result;
}

function cleaned(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  // The span of a bracket includes a size command before it, such as \bigl.
  let start: number | undefined;
  for (let i = 0; i < tokens.length; i++) {
    const written = tokens[i]!;
    const of = start === undefined ? written : { ...written, span: { start, end: written.span.end } };
    const argument = (): Token | undefined => {
      do i++;
      while (tokens[i]?.kind === 'space');
      return tokens[i];
    };
    if (written.kind === 'space') continue;
    start = undefined;
    // Three full stops are dots.
    if (isCharacter(of, '.') && isCharacter(tokens[i + 1], '.') && isCharacter(tokens[i + 2], '.')) {
      result.push({
        ...of,
        kind: 'command',
        text: 'dots',
        span: { start: of.span.start, end: tokens[i + 2]!.span.end },
      });
      i += 2;
      continue;
    }
    if (of.kind === 'command' && (silent.has(of.text) || of.text === '&')) {
      if (/^[bB]igg?[lrm]?$/.test(of.text)) start = of.span.start;
      continue;
    }
    if (of.kind === 'command' && silentWithArgument.has(of.text)) argument();
    else if (of.kind === 'command' && shownSecond.has(of.text)) {
      argument();
      const shown = argument();
      if (shown !== undefined) result.push(...meaningful(shown.kind === 'group' ? shown.children : [shown]));
    } else if (of.kind === 'command' && shownFirst.has(of.text)) {
      const shown = argument();
      // Text under or over a brace is a remark.
      if (of.text.endsWith('brace') && isCharacter(tokens[i + 1], '_', '^')) i += 2;
      const end = (tokens[i] ?? of).span.end;
      if (shown !== undefined)
        result.push({ ...shown, span: { start: of.span.start, end }, children: meaningful(shown.children) });
    } else if (of.kind === 'command' && Object.hasOwn(accents, of.text) && scriptsIn(tokens[i + 1]) > 0) {
      // \hat{x_i} is \hat{x}_i.
      const group = tokens[++i]!;
      const inside = meaningful(group.children);
      const count = scriptsIn(group);
      result.push(of, { ...group, children: inside.slice(0, count) }, ...inside.slice(count));
    } else
      result.push(of.children.length > 0 && of.kind === 'group' ? { ...of, children: meaningful(of.children) } : of);
  }
  return result;
}

/**
 * Returns the number of tokens before the scripts, if a group consists of one letter with scripts, as in {x_i};
 * otherwise 0.
 */
function scriptsIn(group: Token | undefined): number {
  if (group?.kind !== 'group') return 0;
  const inside = meaningful(group.children);
  const at = inside.findIndex((of) => isCharacter(of, '_', '^'));
  const isLetter = at === 1 || (at === 2 && inside[0]!.kind === 'command' && inside[1]!.kind === 'group');
  const isScripts = inside.slice(at).every((of, i) => (i % 2 === 0) === isCharacter(of, '_', '^'));
  return isLetter && isScripts ? at : 0;
}

/** Returns the name of the relation that a token denotes; undefined if it denotes none. */
export function relationOf(of: Token | undefined): string | undefined {
  if (of === undefined || (of.kind !== 'command' && of.kind !== 'character')) return undefined;
  return Object.hasOwn(relations, of.text) ? relations[of.text] : undefined;
}
