/** Cases that failed or gave wrong results, with the reasons, by contender label and case id. */
export class Failures {
  readonly #reasons = new Map<string, Map<string, string>>();

  add(label: string, id: string, reason: string): void {
    const byId = this.#reasons.get(label) ?? new Map<string, string>();
    this.#reasons.set(label, byId.set(id, reason));
  }

  get(label: string, id: string): string | undefined {
    return this.#reasons.get(label)?.get(id);
  }

  /** Returns a sentence for each contender and reason, with the cases concerned. */
  sentences(): string[] {
    return [...this.#reasons].flatMap(([label, byId]) =>
      [...new Set(byId.values())].map((reason) => {
        const ids = [...byId.keys()].filter((id) => byId.get(id) === reason);
        return `${label} fails ${ids.join(', ')}: ${reason}`;
      }),
    );
  }

  toJSON(): Record<string, Record<string, string>> {
    return Object.fromEntries([...this.#reasons].map(([label, byId]) => [label, Object.fromEntries(byId)]));
  }
}
