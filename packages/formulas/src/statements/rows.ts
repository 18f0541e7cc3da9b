/** Splits displays into rows, and rows into pieces that make one statement each. */

import { cellsOf, withoutColumns } from '../parsing/atoms.ts';
import { bracketOf } from '../parsing/fences.ts';
import { meaningful, relationOf } from '../parsing/meaningful.ts';
import { dotCommands, looseMarks, rowEnvironments, tightMarks } from '../syntax/names.ts';
import { isCharacter, isCommand, type Token, token, wordsOf } from '../syntax/tokens.ts';

export type Row = readonly Token[];

const isBreak = (of: Token): boolean => isCommand(of, '\\', 'cr', 'newline', 'tabularnewline');
const isSolid = ({ kind, text }: Token): boolean => kind !== 'space' && !(kind === 'command' && text === '&');

/** Returns whether a token is a system of equations with a brace: cases whose first column has relations. */
const isSystem = (of: Token): boolean =>
  /^(?:[dr]?cases|array)\*?$/.test(of.text) &&
  cellsOf(withoutColumns(of)).some((row) =>
    row[0]!.some((inside) => ['=', 'leftarrow', 'define'].includes(relationOf(inside) ?? '')),
  ) &&
  cellsOf(withoutColumns(of)).every((row) => row.length < 2 || !/if|otherwise/.test(wordsOf(row[1]!)));

const isRows = (of: Token): boolean => of.kind === 'environment' && (rowEnvironments.has(of.text) || isSystem(of));

/** Returns whether a token at the end of a row means that the row continues. */
const isOpenEnd = (of: Token | undefined): boolean =>
  of !== undefined &&
  (relationOf(of) !== undefined || isCharacter(of, '+', '-') || of.text in looseMarks || of.text in tightMarks);

/** Returns whether a row has only dots, which stand for rows that are left out. */
function isOfDots(row: Row): boolean {
  const first = row.find(isSolid);
  const mayBe = isCommand(first, ...dotCommands) || isCharacter(first, '.');
  return mayBe && meaningful(row).every((of) => isCommand(of, ...dotCommands));
}

/** Returns the rows of a display, including those of nested environments. */
export function rowsOf(tokens: readonly Token[]): Row[] {
  const rows: Token[][] = [[]];
  const solid = tokens.filter(isSolid);
  const add = (of: Token): void => void rows.at(-1)!.push(of);
  for (let i = 0; i < tokens.length; i++) {
    const of = tokens[i]!;
    if (isBreak(of)) {
      rows.push([]);
      // Skips the spacing after a line break, as in \\[2ex].
      if (
        isCharacter(tokens[i + 1], '[') &&
        /^[\d.\s-]*(?:pt|ex|em|mm|cm|in)/.test(
          tokens
            .slice(i + 2, i + 10)
            .map(({ text }) => text)
            .join(''),
        )
      ) {
        while (i < tokens.length && !isCharacter(tokens[i], ']')) i++;
      }
      continue;
    }
    // \left\{ … \right. around rows isn't a bracket.
    const isFence = isCommand(of, 'left', 'right') && bracketOf(tokens[i + 1]) !== undefined;
    if (isFence && solid.some(isRows) && solid.length <= 6) {
      i++;
      continue;
    }
    if (!isRows(of)) {
      const isAlone = of.kind === 'group' && meaningful(tokens).length === 1;
      if (isAlone) rows.push(...rowsOf(of.children).map((row) => [...row]), []);
      else add(of);
      continue;
    }
    const inner = rowsOf(withoutColumns(of)).map((row) => [...row]);
    const goesOn = isOpenEnd(rows.at(-1)!.findLast(isSolid));
    if (goesOn) rows.at(-1)!.push(...(inner.shift() ?? []));
    else rows.push([]);
    rows.push(...inner, []);
  }
  const solidRows = rows.map((row) => row.filter((of) => !isCommand(of, '&'))).filter((row) => row.some(isSolid));
  // Dots within a sum that goes on in the next row are part of it.
  return solidRows.filter(
    (row, i) => !isOfDots(row) || (solidRows[i + 1] !== undefined && continues(solidRows[i + 1]!)),
  );
}

/** Returns whether a row continues the row before: it begins with a relation or an operator. */
export function continues(row: Row): boolean {
  const first = meaningful(row)[0];
  return first !== undefined && isOpenEnd(first);
}

/** Words that join formulas, or state when one holds. */
const connectives =
  /^(?:and|or|where|for|if|when|with|so|then|thus|hence|therefore|since|because|as|such that|but|is|are|let|we|by|otherwise|und|mit|wobei|für|wenn|et|où|pour|si|y|donde|para|con)\b/i;

const isTextCommand = (of: Token | undefined): boolean =>
  isCommand(
    of,
    'text',
    'textrm',
    'mbox',
    'textit',
    'textbf',
    'mathrm',
    'mathbf',
    'operatorname',
    'textnormal',
    'texttt',
    'emph',
    'hbox',
  );

/** A piece of a row, and the words before it. */
export interface Piece {
  readonly tokens: readonly Token[];
  /** `where`, `for`, …; empty if there are none. */
  readonly words: string;
}

/** Turns each text command in a row whose words join formulas into one prose token. */
function withProse(row: Row): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < row.length; i++) {
    const of = row[i]!;
    let next = i + 1;
    while (row[next]?.kind === 'space') next++;
    const argument = row[next];
    const words =
      isTextCommand(of) && argument?.kind === 'group' ? wordsOf(argument.children) : of.kind === 'prose' ? of.text : '';
    const isName = words.length < 2 || (/^\S*$/.test(words) && !connectives.test(words));
    if (words === '' || isName) {
      result.push(of);
      continue;
    }
    const end = argument?.kind === 'group' && isTextCommand(of) ? argument.span.end : of.span.end;
    result.push(token('prose', words, { start: of.span.start, end }, [], of.expanded));
    if (isTextCommand(of)) i = next;
  }
  return result;
}

const depthChange = (of: Token): number => {
  const bracket = bracketOf(of);
  if (bracket === '(' || bracket === '[' || bracket === '{' || bracket === 'langle') return 1;
  return bracket === ')' || bracket === ']' || bracket === '}' || bracket === 'rangle' ? -1 : 0;
};

/** Splits tokens at those for which `separates` returns true, outside of brackets. */
export function splitOutside(
  tokens: readonly Token[],
  separates: (of: Token, before: Token | undefined) => boolean,
): { parts: Token[][]; separators: Token[] } {
  const parts: Token[][] = [[]];
  const separators: Token[] = [];
  let depth = 0;
  tokens.forEach((of, i) => {
    depth = Math.max(0, depth + depthChange(of));
    if (depth === 0 && separates(of, tokens[i - 1])) {
      separators.push(of);
      parts.push([]);
    } else parts.at(-1)!.push(of);
  });
  return { parts, separators };
}

export const hasRelation = (tokens: readonly Token[]): boolean =>
  splitOutside(tokens, (of) => relationOf(of) !== undefined).separators.length > 0;

const isQuad = (of: Token): boolean => isCommand(of, 'quad', 'qquad');

/** Replaces several spaces in a row by a wide one, which separates formulas. */
function withWideSpaces(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    let end = i;
    let count = 0;
    while (isCommand(tokens[end], ' ') || tokens[end]?.kind === 'space') if (isCommand(tokens[end++], ' ')) count++;
    if (count < 3) {
      result.push(tokens[i]!);
      continue;
    }
    result.push({ ...tokens[i]!, kind: 'command', text: 'quad' });
    i = end - 1;
  }
  return result;
}

/** Splits a row into pieces at wide spaces, commas and words between formulas. */
export function piecesOf(row: Row): Piece[] {
  const { parts, separators } = splitOutside(
    withWideSpaces(withProse(row)),
    (of) =>
      of.kind === 'prose' ||
      isQuad(of) ||
      isCharacter(of, ',', ';') ||
      isCommand(
        of,
        'implies',
        'Rightarrow',
        'Longrightarrow',
        'iff',
        'Leftrightarrow',
        'forall',
        'therefore',
        'because',
      ),
  );
  const pieces: { tokens: Token[]; words: string }[] = [];
  let words = '';
  parts.forEach((part, i) => {
    const separator = separators[i - 1];
    if (separator?.kind === 'prose') words = `${words} ${separator.text}`.trim();
    else if (separator !== undefined && isCommand(separator, 'forall')) words = `${words} for`.trim();
    if (meaningful(part).length === 0) return;
    const before = pieces.at(-1);
    const isList = separator !== undefined && !isQuad(separator) && separator.kind === 'character';
    // a \quad + b: a piece that begins with an operator continues the one before it.
    const [first] = meaningful(part);
    const isRest = relationOf(first) !== undefined || isCharacter(first, '+');
    const isPart = isRest || (!hasRelation(part) && (isList || !/^[a-z]/i.test(wordsOf(part))));
    if (before !== undefined && words === '' && isPart) {
      // l = 1, …, L: a piece without a relation belongs to the one before it.
      pieces[pieces.length - 1] = { ...before, tokens: [...before.tokens, separator!, ...part] };
    } else pieces.push({ tokens: part, words });
    words = '';
  });
  return pieces.map(({ tokens, words: said }) => ({ tokens: withoutStop(tokens), words: said }));
}

/** Removes a full stop or comma at the end. */
function withoutStop(tokens: readonly Token[]): readonly Token[] {
  const last = tokens.findLastIndex(
    (of) => of.kind !== 'space' && !(of.kind === 'command' && /^(?:[ ,;:!]|q?quad)$/.test(of.text)),
  );
  return isCharacter(tokens[last], '.', ',', ';') ? withoutStop(tokens.slice(0, last)) : tokens;
}
