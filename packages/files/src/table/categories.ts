/** Which columns of texts have categories. */

/** A column of texts has categories if it has at most so many different ones, each at least twice on average. */
export const MAX_CATEGORIES = 256;

/** Returns whether texts are categories, from the number of different ones and of all. */
export const isCategorical = (distinct: number, all: number): boolean =>
  distinct <= MAX_CATEGORIES && 2 * distinct <= all;

/** Compares texts by their code units, which doesn't depend on the host's language. */
const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Sorts categories, so that a file's order of rows doesn't matter. */
export const sortedCategories = (values: Iterable<string>): readonly string[] => [...values].sort(byCodeUnits);
