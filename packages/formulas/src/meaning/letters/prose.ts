/** Finds properties that prose states about letters: symmetric, positive definite, square. */

import type { Reading, Statement } from '../../statements/statement.ts';
import { bare, type Expression, type LetterNode } from '../../syntax/ast.ts';
import type { Property } from '../outline-types.ts';

/** The words for each property, in several languages. */
const words: readonly (readonly [RegExp, Property])[] = [
  [/(?:anti-?|skew-?|schief)s[iy]mm?[eé]tr[a-zé]*|反[对対對][称稱]/giu, 'antisymmetric'],
  [/(?<![\p{L}-])s[iy]mm?[eé]tr[a-zé]*|(?<![反非不])[对対對][称稱]/giu, 'symmetric'],
  [
    /positiv\p{L}* (?:semi-?)?(?:d[eé]fini\p{L}*)|définie?s? positive?s?|definida positiva|(?<![不半])正定|\bs?pd\b/giu,
    'positive definite',
  ],
  [/(?<![\p{L}-])diagonal\p{L}*|[对対對]角(?![元线線成])/giu, 'diagonal'],
  [/(?<![\p{L}-])ortho(?:gonal|normal)\p{L}*|正交|直交/giu, 'orthogonal'],
  [/one-?hot|distributions?|Verteilung\p{L}*/giu, 'distribution'],
  [
    /方阵|可逆|正則|(?<![\p{L}-])(?:square|invertible|non-?singular|quadratisch\p{L}*|invertierbar\p{L}*|carrée?s?|inversibles?)/giu,
    'square',
  ],
];

/** Words that may stand between a letter and its property. */
const between =
  /^(?:[\s,:(（，、：是为為均都设設は]|矩[阵陣]|行列|\b(?:is|are|be|being|was|both|all|each|also|any|some|a|an|the|real|and|matrix|matrices|ist|sind|sei|seien|und|eine?|est|sont|soit|et|une?|es|son|y|assumed|to|square|invertible|targets?|labels?|classes|vectors?|weights?|rows|columns|encoded|symmetric|positive|definite|semidefinite|semi-definite|diagonal|orthogonal)\b)*$/i;
const negation =
  /(?:[不非未若]|如果|もし|\b(?:not|no|nor|need|without|unless|if|when|non|nicht|kein\p{L}*|pas|ni)\b|n't)[^$]*$|non-$/iu;

/** Returns the letters in `A`, `A, B` or `A \in R^{n x n}`. */
function lettersOf(e: Expression | undefined): LetterNode[] {
  if (e === undefined) return [];
  const inside = bare(e);
  if (inside.kind === 'tuple') return inside.items.flatMap(lettersOf);
  return inside.kind === 'letter' ? [inside] : [];
}

/** Returns the formulas, `$3` or `$3 and $4`, directly before or after a word. */
function neighbours(before: string, after: string): number[] {
  const behind = /\$(\d+) *((?:[^$]*))$/.exec(before);
  const group = /((?:\$\d+[\s,、]*(?:(?:and|und|et|y|&|和|与|及|と)\s*)?)+)$/;
  const numbers = (text: string): number[] => Array.from(text.matchAll(/\$(\d+)/g), ([, k]) => Number(k));
  const start = /^([^$]{0,60}?)((?:\$\d+[\s,、]*(?:(?:and|und|et|y|&|和|与|及|と)\s*)?)+)/.exec(after);
  if (behind !== null && between.test(behind[2]!)) {
    const head = before.slice(0, behind.index + behind[0].length - behind[2]!.length);
    return numbers(group.exec(`${head.trimEnd()} `)?.[1] ?? '');
  }
  return start !== null && between.test(start[1]!) ? numbers(start[2]!) : [];
}

/** A property that prose states about a letter. */
export interface Remark {
  readonly letter: LetterNode;
  readonly property: Property;
  readonly block: number;
}

/** Finds the statements of a page's prose about its letters, ignoring negated and conditional ones. */
export function remarksIn({ page, statements, mentions }: Reading): Remark[] {
  const of = new Map<number, Statement[]>();
  for (const statement of [...statements, ...mentions])
    of.set(statement.fragment, [...(of.get(statement.fragment) ?? []), statement]);
  return page.blocks.flatMap(({ prose }, block) =>
    prose.split(/[.;!?](?=\s|$)|[。；！？]/).flatMap((sentence) =>
      words.flatMap(([pattern, property]) =>
        Array.from(sentence.matchAll(pattern)).flatMap((found): Remark[] => {
          const before = sentence.slice(0, found.index);
          if (negation.test(before.slice(-40))) return [];
          const after = sentence.slice(found.index + found[0].length);
          return neighbours(before, after).flatMap((k) =>
            (of.get(k) ?? []).flatMap(({ sides, relations }) =>
              relations.every((relation) => relation === 'in')
                ? lettersOf(sides[0]).map((letter) => ({ letter, property, block }))
                : [],
            ),
          );
        }),
      ),
    ),
  );
}
