/** Values as messages show them, of whatever kind. */

/** What an object of these packages is, and of which copy of them. */
interface Mark {
  readonly kind: string;
  readonly copy: object;
}

/** Where an object of these packages has its mark, whichever copy of them made it. */
export const marked: unique symbol = Symbol.for('@tapegrad/core') as never;

const copy = {};

/** The mark of what messages call so, made by this copy of the package. */
export const markOf = (kind: string): Mark => ({ kind, copy });

/** Longer texts are cut off. */
const MAX_CHARACTERS = 100;

const cut = (text: string): string => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text);

/**
 * A value as a message shows it that expected another: a text in quotes, so that it is not taken for the number in it, and an object
 * by what it is.
 *
 * @example
 * ['0.1', 0.1, [0.1], ones([2])].map((value) => describeValue(value)); // ["'0.1'", '0.1', 'an array', 'a tensor']
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return `'${cut(value)}'`;
  if (typeof value === 'bigint') return cut(`${value}n`);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const mark = (value as { readonly [marked]?: Mark })[marked];
  if (mark === undefined) {
    if (Array.isArray(value)) return 'an array';
    if (typeof (value as { readonly parameters?: unknown }).parameters === 'function') return 'a module';
    return 'storage' in value
      ? 'a clone of a tensor; send its data and shape, and call tensor(data, { shape }) there'
      : 'an object';
  }
  if (mark.copy === copy) return mark.kind;
  return (
    `${mark.kind} of another copy of @tapegrad/core: two are loaded, one within a bundle or a test runner and one outside, or ` +
    'two versions; see docs/hosts.md'
  );
}

/** Lists and numbers as a message shows them: what JSON makes of them, if it makes anything, and not too much. */
export function describeNumbers(value: unknown): string {
  try {
    return cut(JSON.stringify(value) ?? String(value));
  } catch {
    return describeValue(value);
  }
}
