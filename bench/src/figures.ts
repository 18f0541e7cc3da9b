/** Measurements of several rounds. */

/** A quantity measured in several rounds. */
export interface Figure {
  readonly median: number;
  readonly rounds: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Measurements by contender label and case id. */
export class Figures {
  readonly #rounds = new Map<string, Map<string, number[]>>();

  add(label: string, id: string, value: number): void {
    const byId = this.#rounds.get(label) ?? new Map<string, number[]>();
    this.#rounds.set(label, byId.set(id, [...(byId.get(id) ?? []), value]));
  }

  /** Returns undefined if no round gave a value. */
  get(label: string, id: string): Figure | undefined {
    const rounds = this.#rounds.get(label)?.get(id);
    return rounds && { median: median(rounds), rounds };
  }

  /** Returns all measurements, by label and then by id. */
  toJSON(): Record<string, Record<string, Figure>> {
    const figuresOf = (label: string, ids: Iterable<string>) =>
      Object.fromEntries([...ids].map((id) => [id, this.get(label, id)!]));
    return Object.fromEntries([...this.#rounds].map(([label, byId]) => [label, figuresOf(label, byId.keys())]));
  }
}
