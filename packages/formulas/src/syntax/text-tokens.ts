/** Splits plain text into tokens: `delta_l = (delta_(l+1) W_(l+1)^T) * s_l'(A_l)`. */

import { FormulaError } from '../text/errors.ts';
import { characterTokens } from './latex-tokens.ts';
import { type Token, token } from './tokens.ts';

/** Names that are also LaTeX commands. */
const commands = new Set(
  (
    'alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi varphi chi psi omega ' +
    'Delta Gamma Theta Lambda Sigma Phi Psi Omega partial nabla sum prod sqrt odot otimes cdot times in'
  ).split(' '),
);

const signs: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(?:<-|<=(?=\s*\())/, ['leftarrow']],
  [/^:=/, ['coloneqq']],
  [/^<=/, ['le']],
  [/^>=/, ['ge']],
  [/^!=/, ['ne']],
  [/^(?:->|=>)/, ['to']],
  [/^~=/, ['approx']],
  [/^@/, ['cdot']],
  [/^\.\*/, ['odot']],
  [/^\|\|/, ['|']],
  [/^\*\*/, ['^']],
  [/^\.\.\.?/, ['dots']],
  [/^\*/, ['odot']],
];

/** Splits a line into tokens. */
export function textTokens(text: string, offset: number): Token[] {
  const flat: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const start = offset + at;
    const word = /^\\?[A-Za-z]+/.exec(rest)?.[0];
    if (word !== undefined) {
      const name = word.replace('\\', '');
      const span = { start, end: start + word.length };
      const derivative = /^[d∂]([A-Z][A-Za-z]*|[a-z])$/.exec(name);
      if (commands.has(name)) flat.push(token('command', name, span));
      else if (name.length === 1) flat.push(token('character', name, span));
      else if (derivative !== null && derivative[1]!.length === 1) {
        flat.push(token('character', 'd', { start, end: start + 1 }));
        flat.push(token('character', derivative[1]!, { start: start + 1, end: span.end }));
      } else if (name.startsWith('d') && commands.has(name.slice(1))) {
        flat.push(token('character', 'd', { start, end: start + 1 }));
        flat.push(token('command', name.slice(1), { start: start + 1, end: span.end }));
      } else flat.push(token('word', name, span));
      at += word.length;
      continue;
    }
    const sign = signs.find(([pattern]) => pattern.test(rest));
    if (sign !== undefined) {
      const length = sign[0].exec(rest)![0].length;
      const [name] = sign[1] as [string];
      const span = { start, end: start + length };
      flat.push(name === '^' ? token('character', '^', span) : token('command', name, span));
      at += length;
      continue;
    }
    const character = String.fromCodePoint(rest.codePointAt(0)!);
    flat.push(...characterTokens(character, start, start + character.length));
    at += character.length;
  }
  return grouped(flat);
}

const closers: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

/** Turns scripts in round brackets into groups: W_(l+1) becomes \( W_{l+1} \), z^(l) becomes \( z^{(l)} \). */
function grouped(flat: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let i = 0; i < flat.length; i++) {
    const at = flat[i]!;
    const opening = flat[i + 1];
    result.push(at);
    const isScript = at.kind === 'character' && (at.text === '_' || at.text === '^');
    if (!isScript || opening?.kind !== 'character') continue;
    const close = closers[opening.text];
    if (close === undefined) {
      const length = runOfDigits(flat, i + 1);
      if (length > 1) {
        const inside = flat.slice(i + 1, i + 1 + length);
        result.push(token('group', '', { start: inside[0]!.span.start, end: inside.at(-1)!.span.end }, inside));
        i += length;
      }
      continue;
    }
    let depth = 0;
    const end = flat.findIndex((of, j) => {
      if (j <= i || of.kind !== 'character') return false;
      if (of.text === opening.text) depth++;
      return of.text === close && --depth === 0;
    });
    if (end < 0) throw new FormulaError(`expected '${close}' to close this`, opening.span);
    const inside = grouped(flat.slice(i + 2, end));
    const span = { start: opening.span.start, end: flat[end]!.span.end };
    const keeps =
      at.text === '^' &&
      opening.text !== '{' &&
      !/[-+*/]/.test(
        inside
          .map(({ text }) => text)
          .join('')
          .replace(/^([lLtTkn])[-+]\d$/, '$1'),
      );
    result.push(token('group', '', span, keeps ? [opening, ...inside, flat[end]!] : inside));
    i = end;
  }
  return result;
}

/** Returns the number of tokens in a number that may have a sign, as in W^-1, or in a letter with a sign, as in X^-T. */
function runOfDigits(flat: readonly Token[], start: number): number {
  let end = start;
  if (flat[end]?.text === '-') end++;
  if (end > start && /^[A-Za-z]$/.test(flat[end]?.text ?? '')) return 2;
  while (/^\d$/.test(flat[end]?.text ?? '')) end++;
  return end - start;
}
