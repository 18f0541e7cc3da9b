/** Finds the properties that letters have at a given place on a page. */

import type { Outline, Property } from '../meaning/outline-types.ts';

/**
 * Returns the properties of letters in a block. An assumption in a block that makes claims applies only there; any other
 * applies to the whole page.
 */
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

/** Returns whether a property implies that the matrix is square. */
export const isOfSquares = (property: Property): boolean => property !== 'distribution' && property !== 'positive';
