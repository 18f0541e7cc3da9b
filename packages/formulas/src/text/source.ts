/** A text, its lines, and positions in it. */

/** A range of a text, by offsets from 0. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A position in a text; lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text with its name and its lines. */
export class Source {
  readonly text: string;
  readonly name: string;
  readonly #starts: number[] = [0];

  constructor(text: string, name = 'input') {
    this.text = text;
    this.name = name;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** Returns the line and column of an offset. */
  placeOf(offset: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }

  /** Returns the offset of a line and column. */
  offsetOf({ line, column }: Place): number {
    return (this.#starts[line - 1] ?? this.text.length) + column - 1;
  }

  /** Returns the text of a line, counted from 1. */
  line(number: number): string {
    const start = this.#starts[number - 1];
    if (start === undefined) return '';
    const end = this.#starts[number];
    return this.text.slice(start, end === undefined ? undefined : end - 1).replace(/\r$/, '');
  }

  slice({ start, end }: Span): string {
    return this.text.slice(start, end);
  }
}
