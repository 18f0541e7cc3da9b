/** Plans a program for this engine: its units, the memory of its values, and where changes are made in place. */

import { type DType, isFloat, type NdArray, sizeOf } from '@tapegrad/kernels';
import { fuse, type LoopAbilities, type Unit } from '../passes/fusion.ts';
import { type Lifetime, planMemory, roomFor } from '../passes/memory-plan.ts';
import { type Block, fillsBlock, Storage } from '../passes/storage.ts';
import { inputsOf, type Operation, outputsOf, type Program, type Slot, type Value } from '../program/program.ts';
import { kindOf } from './access.ts';
import { canReduceColumns } from './columns.ts';
import { resultKind } from './element-code.ts';

const hasLanes = (dtype: DType): boolean => dtype !== 'int32';

/** The abilities of this engine's loops. */
const abilities: LoopAbilities = {
  hasElement(op, inputs, output, attributes) {
    const all = [...inputs, output];
    if (!all.every(hasLanes) || new Set(all.filter(isFloat)).size > 1) return false;
    return resultKind(op, inputs.map(kindOf), attributes) !== undefined;
  },
  hasReduction: (dtype, length, inner) => isFloat(dtype) && (inner === 1 || canReduceColumns(length, inner)),
};

const canPlace = ({ op, inputs, output, attributes }: Operation): boolean =>
  sizeOf(output.shape) > 0 &&
  !movements.has(op) &&
  abilities.hasElement(
    op,
    inputs.map(({ dtype }) => dtype),
    output.dtype,
    attributes,
  );

/** Primitives whose result may be a view of the operand. */
const movements: ReadonlySet<string> = new Set(['stopGradient', 'cast']);

/** A slot and the value that it holds after a call. */
export interface PlannedStore {
  readonly slot: Slot;
  readonly block: Block;
  /** Whether the value is computed in the slot's memory. */
  readonly isInPlace: boolean;
}

/** A program with its units and the addresses of its blocks. */
export interface Plan {
  readonly storage: Storage;
  /** The values that the program returns. */
  readonly results: readonly Value[];
  readonly units: readonly Unit[];
  readonly stores: readonly PlannedStore[];
  /** Returns whether other units, or the caller, read a value of a group. */
  isRead(value: Value): boolean;
  /** Returns the position of a block in memory. */
  addressOf(block: Block): number;
  /** Returns whether a block has a place in memory: whether anything reads or writes it. */
  hasAddress(block: Block): boolean;
  /** The bytes before scratch memory. */
  readonly bytes: number;
}

/** Memory begins after a line, so that no address is 0. */
const START = 64;

export function planProgram(original: Program): Plan {
  const storage = new Storage(original, canPlace);
  const { program, stores } = withOwnStores(original, storage);
  const units = fuse(program, storage, abilities);
  const uses = new Uses(units, storage);
  for (const { value } of stores) uses.keep(storage.blockOf(value));
  for (const value of program.results) uses.keep(storage.blockOf(value));

  const addresses = new Map<Block, number>();
  let bytes = START;
  const place = (block: Block): void => {
    if (addresses.has(block)) return;
    addresses.set(block, bytes);
    bytes += roomFor(block);
  };
  for (const { value } of [...program.slots, ...program.arguments, ...program.draws, ...program.numbers]) {
    place(storage.blockOf(value));
  }
  const planned = stores.map(({ slot, value }): PlannedStore => {
    const block = storage.blockOf(value);
    const own = storage.blockOf(slot.value);
    const isInPlace = !addresses.has(block) && uses.canReplace(own, block, storage);
    if (isInPlace) addresses.set(block, addresses.get(own)!);
    return { slot, block, isInPlace };
  });
  for (const block of uses.lifetimes.keys()) if (block.constant !== undefined) place(block);
  const lifetimes = new Map([...uses.lifetimes].filter(([block]) => !addresses.has(block)));
  const temporary = planMemory(lifetimes);
  const start = bytes;
  return {
    storage,
    results: program.results,
    units,
    stores: planned,
    isRead: (value) => uses.isRead(storage.blockOf(value)),
    addressOf(block) {
      const fixed = addresses.get(block);
      return fixed ?? start + temporary.offsets.get(block)!;
    },
    hasAddress: (block) => addresses.has(block) || temporary.offsets.has(block),
    bytes: bytes + temporary.bytes,
  };
}

/**
 * Makes sure that each stored value has its own block, and that no result is in the memory of a slot that changes, by copies
 * where it isn't so.
 */
function withOwnStores(program: Program, storage: Storage) {
  const inputs = new Set(
    [...program.arguments, ...program.slots, ...program.draws, ...program.numbers].map(({ value }) =>
      storage.blockOf(value),
    ),
  );
  const taken = new Set<Block>();
  const copies: Operation[] = [];
  const copied = (value: Value): Value => {
    const copy = storage.fresh(value.shape, value.dtype);
    const operation: Operation = {
      kind: 'operation',
      op: 'stopGradient',
      inputs: [value],
      attributes: undefined,
      output: copy,
    };
    storage.copies.set(operation, [{ from: value, to: copy }]);
    copies.push(operation);
    return copy;
  };
  const stores = program.stores.map(({ slot, value }) => {
    const block = storage.blockOf(value);
    const isOwn = fillsBlock(storage.of(value), block) && !inputs.has(block) && block.constant === undefined;
    if (isOwn && !taken.has(block)) {
      taken.add(block);
      return { slot, value };
    }
    return { slot, value: copied(value) };
  });
  const changing = new Set(program.stores.map(({ slot }) => storage.blockOf(slot.value)));
  const results = program.results.map((value) => (changing.has(storage.blockOf(value)) ? copied(value) : value));
  return { program: { ...program, results, steps: [...program.steps, ...copies] }, stores };
}

/** The units that write and read each block. */
interface Use {
  readonly writers: Set<number>;
  readonly readers: Set<number>;
}

class Uses {
  readonly #uses = new Map<Block, Use>();
  readonly #kept = new Set<Block>();
  readonly #units: readonly Unit[];
  /** The last unit that may end the call. */
  readonly #lastEnd: number;

  constructor(units: readonly Unit[], storage: Storage) {
    this.#units = units;
    this.#lastEnd = units.findLastIndex((unit) => unit.kind === 'single');
    units.forEach((unit, i) => {
      const [reads, writes] =
        unit.kind === 'group'
          ? [[...unit.external], [...unit.members.keys()]]
          : [inputsOf(unit.step), outputsOf(unit.step)];
      for (const value of reads) this.#of(storage.blockOf(value)).readers.add(i);
      for (const value of writes) this.#of(storage.blockOf(value)).writers.add(i);
    });
  }

  #of(block: Block): Use {
    let use = this.#uses.get(block);
    if (use === undefined) {
      use = { writers: new Set(), readers: new Set() };
      this.#uses.set(block, use);
    }
    return use;
  }

  /** Keeps a block until the end of the call. */
  keep(block: Block): void {
    this.#of(block);
    this.#kept.add(block);
  }

  isRead(block: Block): boolean {
    return this.#kept.has(block) || this.#of(block).readers.size > 0;
  }

  get lifetimes(): ReadonlyMap<Block, Lifetime> {
    const found = new Map<Block, Lifetime>();
    for (const [block, { writers, readers }] of this.#uses) {
      if (!this.isRead(block) && !this.#isSingle(writers)) continue;
      const from = Math.min(...writers);
      const to = this.#kept.has(block) ? Number.POSITIVE_INFINITY : Math.max(...writers, ...readers);
      found.set(block, { from, to });
    }
    return found;
  }

  #isSingle(writers: ReadonlySet<number>): boolean {
    return [...writers].some((i) => this.#units[i]!.kind === 'single');
  }

  /** Returns whether a new block can be computed in the memory of an old one, at the end of whose use it is written. */
  canReplace(old: Block, next: Block, storage: Storage): boolean {
    const { writers } = this.#of(next);
    const [writer] = writers;
    if (writer === undefined || writers.size > 1 || writer <= this.#lastEnd) return false;
    if (this.#kept.has(old) || old.length !== next.length) return false;
    const unit = this.#units[writer]!;
    if (unit.kind !== 'group') return false;
    const { readers } = this.#of(old);
    if ([...readers].some((reader) => reader > writer)) return false;
    if (!readers.has(writer)) return true;
    // Each element must be read before it is written, and only there.
    const reads = [...unit.external].filter((value) => storage.blockOf(value) === old);
    return unit.run === undefined && reads.every((value) => isWhole(storage.of(value), old, unit.domain));
  }
}

const isWhole = (array: NdArray, block: Block, domain: readonly number[]): boolean =>
  fillsBlock(array, block) && array.size === sizeOf(domain);
