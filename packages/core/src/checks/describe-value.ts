/** Descriptions of arbitrary values for error messages. */

/** The mark on an object from these packages: its kind, and the copy of the package that created it. */
interface Mark {
  readonly kind: string;
  readonly copy: object;
}

/** The key of the property that holds an object's mark. It is the same in every copy of the package. */
export const marked: unique symbol = Symbol.for('@tapegrad/core') as never;

const copy = {};

/** Creates a mark for objects from this copy of the package. `kind` describes them in messages. */
export const markOf = (kind: string): Mark => ({ kind, copy });

/** The length at which descriptions are truncated. */
const MAX_CHARACTERS = 100;

const cut = (text: string): string => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text);

/**
 * Describes an unexpected value for an error message. Strings are quoted, so that '0.1' can't be mistaken for a number, and
 * objects are described by their kind.
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
    `${mark.kind} from another copy of @tapegrad/core: two copies are loaded, one inside a bundle or test runner and one outside, ` +
    'or two versions; see docs/hosts.md'
  );
}

/** Describes lists and numbers for a message: as JSON if possible, truncated to a maximum length. */
export function describeNumbers(value: unknown): string {
  try {
    return cut(JSON.stringify(value) ?? String(value));
  } catch {
    return describeValue(value);
  }
}
