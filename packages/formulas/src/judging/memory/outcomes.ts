/** Describes a part of a page as a text: equal texts mean that a formula gets the same verdict when read in it. */

import type { Layout } from '../../evaluating/values.ts';
import type { Reading, Statement } from '../../statements/statement.ts';
import type { Judgement } from '../verdict.ts';
import { hashed } from './hash.ts';

/** The verdict on a formula that is read in a part of its page; undefined if it is no claim there. */
export interface Outcome {
  readonly judgement: Judgement | undefined;
}

/** Fields that contain a position or an appearance, not a meaning. */
const places: ReadonlySet<string> = new Set(['span', 'verbatim', 'face', 'sides', 'origin', 'error', 'fragment']);

const plain = (value: unknown): string =>
  JSON.stringify(value, (name, field: unknown) => (places.has(name) ? undefined : field)) ?? '';

const heading = /^#{1,6} |\\(?:chapter|(?:sub)*section|paragraph)\*?\{/m;

/** Returns a short text for everything that the verdict on a statement in a part of a page depends on. */
export function outcomeKey(reading: Reading, statement: Statement, layout: Layout): string {
  const { page, notation, statements, mentions } = reading;
  const lines = statements.map((other, i) => {
    const before = statements[i - 1];
    const between = before === undefined ? '' : page.masked.slice(before.span.end, other.span.start);
    const isOwn = other === statement || other.origin === statement;
    return `${isOwn} ${heading.test(between)} ${other.error?.message} ${plain({ ...other, written: other.written ?? other.sides })}`;
  });
  return hashed(
    [
      ...lines,
      plain(mentions.map(({ sides, block }) => ({ of: sides, block }))),
      plain([...notation.functions, '', ...notation.superscripted, '', ...notation.twofold, notation.ownE]),
      `${[...notation.differentials].join()} ${notation.impliedSums}`,
      ...page.blocks.map(({ prose }) => prose.replace(/\$\d+ /g, '$ ')),
      JSON.stringify(layout),
    ].join('\n'),
  );
}
