/** Finds how a page writes the derivative of its loss without naming the loss: dW or ∂W. */

import { differentialAt } from '../parsing/calculus.ts';
import type { Notation } from '../parsing/cursor.ts';
import { meaningful, relationOf } from '../parsing/meaningful.ts';
import { isCharacter, isCommand, type Token, wordsOf } from '../syntax/tokens.ts';

type Sign = 'd' | 'partial';

/** Returns whether the left side of a formula is a sign and a letter, which may have scripts: dW, ∂w_{11}. */
function beginsWith(sign: Sign, tokens: readonly Token[]): boolean {
  const at = tokens.findIndex((of) => relationOf(of) !== undefined);
  const whole = tokens.slice(0, at);
  const [first, second] = whole;
  const isUpright =
    isCommand(first, 'mathrm', 'rm', 'text') && second?.kind === 'group' && wordsOf(second.children) === 'd';
  const left = isUpright ? [second.children[0]!, ...whole.slice(2)] : whole;
  const isSign = sign === 'd' ? isCharacter(left[0], 'd') : isCommand(left[0], 'partial');
  const isScript = (i: number): boolean => isCharacter(left[i], '_', '^');
  const isShort = left.length === 2 || (left.length > 2 && isScript(2));
  return at > 1 && isSign && isShort && !isScript(1);
}

/** Visits lists of tokens, including those in groups and environments. */
function eachList(tokens: readonly Token[], visit: (tokens: readonly Token[]) => void): void {
  visit(tokens);
  for (const { children } of tokens) if (children.length > 0) eachList(children, visit);
}

/**
 * Returns whether ∂ denotes a small change on a page: it stands before brackets, ∂(XY), or no fraction names what is
 * differentiated.
 */
function isChange(formulas: readonly (readonly Token[])[]): boolean {
  let [isBeforeBracket, isNamed] = [false, false];
  for (const formula of formulas) {
    eachList(formula, (list) => {
      const tokens = meaningful(list);
      tokens.forEach((of, i) => {
        if (!isCommand(of, 'partial')) return;
        isBeforeBracket ||= isCharacter(tokens[i + 1], '(', '[');
      });
      tokens.forEach((of, i) => {
        const [above, below] = [tokens[i + 1], tokens[i + 2]];
        const isFraction = isCommand(of, 'frac', 'dfrac', 'tfrac') && above?.kind === 'group';
        isNamed ||=
          isFraction &&
          above.children.length > 1 &&
          [above, below].every((part) => part !== undefined && differentialAt(part.children)?.mark === 'partial');
      });
    });
  }
  return isBeforeBracket || !isNamed;
}

/** Returns the signs that denote the derivative of the loss: a formula begins with such a sign and a letter. */
export function differentialsIn(formulas: readonly (readonly Token[])[]): Notation['differentials'] {
  const lists = formulas.map(meaningful);
  const found = new Set<Sign>();
  if (lists.some((tokens) => beginsWith('d', tokens))) found.add('d');
  if (lists.some((tokens) => beginsWith('partial', tokens)) && !isChange(lists)) found.add('partial');
  return found;
}
