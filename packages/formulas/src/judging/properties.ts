/** The properties that letters have where a formula stands. */

import type { Outline, Property } from '../meaning/outline-types.ts';

/** What is assumed in a paragraph that makes claims is assumed there alone; anything else, on the whole page. */
export function propertiesAt(outline: Outline, block: number): Map<string, Set<Property>> {
  const { statements } = outline.reading;
  const claimed = new Set(
    outline.items.flatMap(({ kind, statement }) => (kind === 'claim' ? [statements[statement]!.block] : [])),
  );
  const properties = new Map<string, Set<Property>>();
  for (const { key, property, block: own } of outline.assumptions) {
    if (own !== block && claimed.has(own)) continue;
    properties.set(key, (properties.get(key) ?? new Set()).add(property));
  }
  return properties;
}

/** Whether a matrix with a property has as many rows as columns. */
export const isOfSquares = (property: Property): boolean => property !== 'distribution' && property !== 'positive';
