/** Formats text as HTML. */

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes characters that HTML would read as markup, in text and in attributes. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character]!);

/** A range of a text to mark. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  /** The class of the element around it. */
  readonly className: string;
}

/** Puts ranges of a text into `<mark>` elements. The ranges must not overlap. */
export function marked(text: string, marks: readonly Mark[]): string {
  let html = '';
  let at = 0;
  for (const { start, end, className } of marks.toSorted((a, b) => a.start - b.start)) {
    if (start < at || end <= start) continue;
    html += `${escaped(text.slice(at, start))}<mark class="${className}">${escaped(text.slice(start, end))}</mark>`;
    at = end;
  }
  return html + escaped(text.slice(at));
}
