/** Unknown lengths, and which of them are equal. */

export type Dim = number;

/** Whether an axis has a single entry, or any number of entries. */
export type Extent = 'one' | 'many';

/** Thrown for lengths that can't be equal. */
export class DimConflict extends Error {
  override readonly name = 'DimConflict';
  readonly left: Dim;
  readonly right: Dim;

  constructor(left: Dim, right: Dim) {
    super('lengths differ');
    this.left = left;
    this.right = right;
  }
}

interface State {
  readonly parents: readonly Dim[];
  readonly extents: readonly (Extent | undefined)[];
  readonly sizes: readonly (number | undefined)[];
  readonly names: readonly (string | undefined)[];
  readonly least: readonly number[];
}

/** Sets of equal lengths, as a union-find structure. */
export class Dims {
  #parents: Dim[] = [];
  #extents: (Extent | undefined)[] = [];
  #sizes: (number | undefined)[] = [];
  #names: (string | undefined)[] = [];
  #least: number[] = [];
  /** The initial extents of all lengths. Restoring a saved state gives them back to lengths created after it. */
  readonly #made: (Extent | undefined)[] = [];

  fresh(extent?: Extent, name?: string): Dim {
    this.#made.push(extent);
    this.#parents.push(this.#parents.length);
    this.#extents.push(extent);
    this.#sizes.push(extent === 'one' ? 1 : undefined);
    this.#names.push(name);
    this.#least.push(1);
    return this.#parents.length - 1;
  }

  root(dim: Dim): Dim {
    let at = dim;
    while (this.#parents[at] !== at) at = this.#parents[at]!;
    return at;
  }

  extentOf(dim: Dim): Extent | undefined {
    return this.#extents[this.root(dim)];
  }

  sizeOf(dim: Dim): number | undefined {
    return this.#sizes[this.root(dim)];
  }

  nameOf(dim: Dim): string | undefined {
    return this.#names[this.root(dim)];
  }

  /** Returns the smallest size that a length may have, since the page names an element at that position. */
  leastOf(dim: Dim): number {
    return this.#least[this.root(dim)]!;
  }

  setLeast(dim: Dim, size: number): void {
    const root = this.root(dim);
    this.#least[root] = Math.max(this.#least[root]!, size);
  }

  setExtent(dim: Dim, extent: Extent): void {
    const root = this.root(dim);
    const known = this.#extents[root];
    if (known !== undefined && known !== extent) throw new DimConflict(dim, dim);
    this.#extents[root] = extent;
    if (extent === 'one') this.#sizes[root] = 1;
  }

  setSize(dim: Dim, size: number): void {
    const root = this.root(dim);
    const known = this.#sizes[root];
    if (known !== undefined && known !== size) throw new DimConflict(dim, dim);
    this.#sizes[root] = size;
    if (this.#extents[root] === undefined) this.#extents[root] = size === 1 ? 'one' : 'many';
  }

  same(a: Dim, b: Dim): boolean {
    return this.root(a) === this.root(b);
  }

  /** Makes two lengths equal. */
  unify(a: Dim, b: Dim): void {
    const [x, y] = [this.root(a), this.root(b)];
    if (x === y) return;
    const [ex, ey] = [this.#extents[x], this.#extents[y]];
    const [sx, sy] = [this.#sizes[x], this.#sizes[y]];
    if ((ex !== undefined && ey !== undefined && ex !== ey) || (sx !== undefined && sy !== undefined && sx !== sy)) {
      throw new DimConflict(a, b);
    }
    // The older length represents both, and its name is kept.
    const [stays, goes] = x < y ? [x, y] : [y, x];
    this.#parents[goes] = stays;
    this.#extents[stays] = ex ?? ey;
    this.#sizes[stays] = sx ?? sy;
    this.#names[stays] ??= this.#names[goes];
    this.setLeast(stays, this.#least[goes]!);
  }

  save(): State {
    return {
      parents: [...this.#parents],
      extents: [...this.#extents],
      sizes: [...this.#sizes],
      names: [...this.#names],
      least: [...this.#least],
    };
  }

  /** Restores a saved state. Lengths created since then keep their initial extents. */
  restore({ parents, extents, sizes, names, least }: State): void {
    const count = parents.length;
    const later = this.#made.slice(count);
    const name = (i: number): string | undefined =>
      this.#parents[count + i] === count + i ? this.#names[count + i] : undefined;
    this.#names = [...names, ...later.map((_, i) => name(i))];
    this.#least = [...least, ...later.map(() => 1)];
    this.#parents = [...parents, ...later.map((_, i) => count + i)];
    this.#extents = [...extents, ...later];
    this.#sizes = [...sizes, ...later.map((extent) => (extent === 'one' ? 1 : undefined))];
  }
}
