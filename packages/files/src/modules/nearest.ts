/** Finds similar names. */

/** The maximum number of names that are compared; more would take too long. */
const MAX_NAMES = 200;

/** Counts the characters to insert, delete or replace to get from one text to another (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** Returns the name that is most similar to a given one, or `undefined` if more than half of every name differs. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = name.length / 2;
  for (const other of names.slice(0, MAX_NAMES)) {
    if (Math.abs(other.length - name.length) > least || other.length > 2 * MAX_NAMES) continue;
    const distance = editDistance(name, other);
    if (distance < least) [nearest, least] = [other, distance];
  }
  return nearest;
}
