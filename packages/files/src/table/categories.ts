/** Decides which columns of texts have categories. */

/**
 * The maximum number of different texts in a column that is inferred to have categories. They must also occur at least
 * twice on average.
 */
export const MAX_CATEGORIES = 256;

/** Returns whether texts are categories, given the number of distinct texts and the number of all texts. */
export const isCategorical = (distinct: number, all: number): boolean =>
  distinct <= MAX_CATEGORIES && 2 * distinct <= all;

/** Compares texts by their code units, an order that doesn't depend on the host's language settings. */
const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Returns categories in sorted order, so that it doesn't depend on the order of the rows. */
export const sortedCategories = (values: Iterable<string>): readonly string[] => [...values].sort(byCodeUnits);
