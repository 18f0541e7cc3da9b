/** Parses pictures and pages, so that tests can query their elements. */

import { parseHTML } from 'linkedom';
import { expect } from 'vitest';

/** The parts of an element's interface that tests use; they are compiled without the types of browsers. */
export interface Element {
  readonly textContent: string | null;
  readonly parentElement: Element | null;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): ArrayLike<Element>;
}

/**
 * Parses markup, and checks the properties of all pictures and pages: no external resources, no scripts, no NaN or
 * `undefined`.
 */
export function parsed(markup: string): Element {
  expect(markup).not.toMatch(/NaN|undefined|Infinity/);
  expect(markup.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|\burl\(|<script|<link|\bsrc=/);
  const { document } = parseHTML(markup);
  return document as unknown as Element;
}

/** Returns the texts of all elements that match a selector. */
export const textsOf = (root: Element, selector: string): string[] =>
  Array.from(root.querySelectorAll(selector), ({ textContent }) => textContent ?? '');

/** Checks that every opening tag has a closing one, as strict XML parsers require of an SVG file. */
export function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, rest] of svg.matchAll(/<(\/?)([a-zA-Z]+)([^>]*)>/g)) {
    if (end === '/') expect(open.pop()).toBe(name);
    else if (!rest!.endsWith('/')) open.push(name!);
  }
  expect(open).toEqual([]);
}
