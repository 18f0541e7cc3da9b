/** The sections of a page, between headings. */

import { readAlone } from './same-letters.ts';
import type { Reading, Statement } from './statement.ts';

const heading = /^#{1,6} |\\(?:chapter|(?:sub)*section|paragraph)\*?\{/gm;

/** Returns the positions of the headings of a page. */
export const headingsIn = (masked: string): number[] => Array.from(masked.matchAll(heading), ({ index }) => index);

/** Returns whether there is a heading between two positions of a page. */
export const headingBetween = (text: string, start: number, end: number): boolean =>
  new RegExp(heading).test(text.slice(start, end));

/** Returns the sections into which headings divide a page; empty if there is only one. */
export function sectionsOf(reading: Reading): Reading[] {
  const { page, statements, mentions } = reading;
  const starts = headingsIn(page.masked);
  const sectionOf = ({ span }: Statement): number => starts.findLastIndex((start) => start <= span.start);
  const sections = new Set(statements.map(sectionOf));
  if (sections.size < 2) return [];
  return [...sections].map((section) => {
    const isHere = (statement: Statement): boolean => sectionOf(statement) === section;
    return { ...reading, statements: readAlone(statements.filter(isHere)), mentions: mentions.filter(isHere) };
  });
}
