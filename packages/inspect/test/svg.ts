/** Pictures and pages as documents to look into. */

import { parseHTML } from 'linkedom';
import { expect } from 'vitest';

/** What tests ask of an element; the types of a browser are not among those of the tests. */
export interface Element {
  readonly textContent: string | null;
  readonly parentElement: Element | null;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): ArrayLike<Element>;
}

/** Parses markup and holds it against what every picture and page keeps: one text, nothing from elsewhere, no script. */
export function parsed(markup: string): Element {
  expect(markup).not.toMatch(/NaN|undefined|Infinity/);
  expect(markup.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|\burl\(|<script|<link|\bsrc=/);
  const { document } = parseHTML(markup);
  return document as unknown as Element;
}

/** The texts of all elements that a selector finds. */
export const textsOf = (root: Element, selector: string): string[] =>
  Array.from(root.querySelectorAll(selector), ({ textContent }) => textContent ?? '');

/** Every opening tag has its end: what a strict parser of XML asks of an SVG file. */
export function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, rest] of svg.matchAll(/<(\/?)([a-zA-Z]+)([^>]*)>/g)) {
    if (end === '/') expect(open.pop()).toBe(name);
    else if (!rest!.endsWith('/')) open.push(name!);
  }
  expect(open).toEqual([]);
}
