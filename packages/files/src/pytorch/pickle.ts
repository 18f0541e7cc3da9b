/**
 * Reads PyTorch's pickles without executing code: it supports a subset of the opcodes, and a closed list of names.
 * Source: Lib/pickletools.py of CPython.
 */

import { FormatError } from '../format-error.ts';
import { call, Global, globalOf, storageOf } from './globals.ts';

/** A mark on the stack. */
const MARK = Symbol('mark');

/** The names of unsupported opcodes in pickletools. */
const REFUSED: Readonly<Record<number, string>> = {
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  146: 'NEWOBJ_EX',
  80: 'PERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
  73: 'INT',
  76: 'LONG',
  70: 'FLOAT',
  83: 'STRING',
  86: 'UNICODE',
  112: 'PUT',
  103: 'GET',
};

/** Returns a little-endian integer in two's complement, as a number if that is exact, otherwise as a bigint. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  if (bytes.length > 0 && bytes.at(-1)! >= 0x80) value -= 1n << BigInt(8 * bytes.length);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** The maximum size of an integer, more than any checkpoint needs. */
const MAX_INTEGER_BYTES = 1024;

/** The stack machine that runs the program of a pickle. */
class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  readonly #base: number;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;
  #start = 0;

  constructor(bytes: Uint8Array, file: string, base: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.#base = base;
  }

  #fault(message: string): FormatError {
    return new FormatError(this.#file, `pickle: ${message}`, this.#base + this.#start);
  }

  #fail(message: string): never {
    throw this.#fault(message);
  }

  #take(length: number): Uint8Array {
    const start = this.#at;
    if (!(length >= 0 && start + length <= this.#bytes.length)) this.#fail(`truncated: expected ${length} more bytes`);
    this.#at += length;
    return this.#bytes.subarray(start, start + length);
  }

  #number(read: 'getUint8' | 'getUint16' | 'getUint32' | 'getInt32', size: number): number {
    this.#take(size);
    return this.#view[read](this.#at - size, true);
  }

  #wide(): number {
    this.#take(8);
    return Number(this.#view.getBigUint64(this.#at - 8, true));
  }

  #text(length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#take(length));
    } catch (error) {
      if (error instanceof FormatError) throw error;
      return this.#fail('expected text in UTF-8');
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) this.#fail('truncated: expected the end of a line');
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    const value = this.#stack.pop();
    if (value === undefined && this.#stack.length === 0) this.#fail('expected a value on the stack, which is empty');
    if (value === MARK) this.#fail('expected a value on the stack, got a mark');
    return value;
  }

  /** Removes all values after the last mark from the stack, and returns them. */
  #marked(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) this.#fail('expected a mark on the stack');
    const values = this.#stack.splice(mark);
    return values.slice(1);
  }

  #last<T>(is: (value: unknown) => value is T, what: string): T {
    const value = this.#stack.at(-1);
    return is(value) ? value : this.#fail(`expected ${what} on the stack`);
  }

  #set(pairs: readonly unknown[]): void {
    const map = this.#last((value) => value instanceof Map, 'a dict');
    if (pairs.length % 2 !== 0) this.#fail('expected keys and values in pairs');
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  }

  #append(values: readonly unknown[]): void {
    const list = this.#last(Array.isArray, 'a list');
    for (const value of values) list.push(value);
  }

  #global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.#fault('expected the name of a global');
    const global = globalOf(module, name);
    const shown = `${module}.${name}`.slice(0, 200);
    if (global === undefined) this.#fail(`refused ${shown}: it is not one of the names that state dicts need`);
    this.#push(global);
  }

  #reduce(): void {
    const [args, callable] = [this.#pop(), this.#pop()];
    if (!(callable instanceof Global) || !Array.isArray(args)) throw this.#fault('expected a global and its arguments');
    const result = call(callable, args);
    if ('fault' in result) this.#fail(result.fault);
    else this.#push(result.value);
  }

  #build(): void {
    const state = this.#pop();
    const isAttributes = state instanceof Map && [...state.keys()].every((key) => typeof key === 'string');
    // The attributes of a state dict, which are version numbers, are ignored.
    if (!(isAttributes && this.#stack.at(-1) instanceof Map))
      this.#fail('refused BUILD: it sets the state of an object');
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) this.#fail(`expected a value in memo ${index}`);
    this.#push(this.#memo.get(index));
  }

  #memoize(index: number): void {
    if (this.#stack.length === 0) this.#fail('expected a value to memoize');
    this.#memo.set(index, this.#stack.at(-1));
  }

  #persistent(): void {
    const storage = storageOf(this.#pop());
    if (typeof storage === 'string') this.#fail(storage);
    this.#push(storage);
  }

  #integer(length: number): void {
    if (length > MAX_INTEGER_BYTES) this.#fail(`an integer of ${length} bytes`);
    this.#push(integer(this.#take(length)));
  }

  #float(): number {
    this.#take(8);
    return this.#view.getFloat64(this.#at - 8, false);
  }

  run(): unknown {
    for (;;) {
      this.#start = this.#at;
      const opcode = this.#number('getUint8', 1);
      if (opcode === 0x2e) return this.#stop();
      if (!(this.#literal(opcode) || this.#collection(opcode) || this.#other(opcode))) {
        const name = REFUSED[opcode] ?? `opcode ${opcode}`;
        this.#fail(`refused ${name}`);
      }
    }
  }

  #stop(): unknown {
    const value = this.#pop();
    if (this.#stack.length > 0) this.#fail(`${this.#stack.length} values are left on the stack`);
    return value;
  }

  /** Runs an opcode that pushes a literal. */
  #literal(opcode: number): boolean {
    switch (opcode) {
      case 0x4e: // NONE
        this.#push(null);
        return true;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        this.#push(opcode === 0x88);
        return true;
      case 0x4a: // BININT
        this.#push(this.#number('getInt32', 4));
        return true;
      case 0x4b: // BININT1
        this.#push(this.#number('getUint8', 1));
        return true;
      case 0x4d: // BININT2
        this.#push(this.#number('getUint16', 2));
        return true;
      case 0x8a: // LONG1
        this.#integer(this.#number('getUint8', 1));
        return true;
      case 0x8b: // LONG4
        this.#integer(this.#number('getUint32', 4));
        return true;
      case 0x47: // BINFLOAT
        this.#push(this.#float());
        return true;
      case 0x58: // BINUNICODE
        this.#push(this.#text(this.#number('getUint32', 4)));
        return true;
      case 0x8c: // SHORT_BINUNICODE
      case 0x55: // SHORT_BINSTRING
        this.#push(this.#text(this.#number('getUint8', 1)));
        return true;
      case 0x8d: // BINUNICODE8
        this.#push(this.#text(this.#wide()));
        return true;
      case 0x54: // BINSTRING
        this.#push(this.#text(this.#number('getUint32', 4)));
        return true;
      case 0x43: // SHORT_BINBYTES
        this.#push(this.#take(this.#number('getUint8', 1)).slice());
        return true;
      case 0x42: // BINBYTES
        this.#push(this.#take(this.#number('getUint32', 4)).slice());
        return true;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(this.#take(this.#wide()).slice());
        return true;
      default:
        return false;
    }
  }

  /** Runs an opcode that makes or fills a collection. */
  #collection(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#push(MARK);
        return true;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        this.#push([]);
        return true;
      case 0x7d: // EMPTY_DICT
        this.#push(new Map());
        return true;
      case 0x8f: // EMPTY_SET
        this.#push(new Set());
        return true;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return true;
      case 0x65: // APPENDS
        this.#append(this.#marked());
        return true;
      case 0x6c: // LIST
      case 0x74: // TUPLE
        this.#push(this.#marked());
        return true;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push(Array.from({ length: opcode - 0x84 }, () => this.#pop()).reverse());
        return true;
      case 0x73: {
        // SETITEM
        const [value, key] = [this.#pop(), this.#pop()];
        this.#set([key, value]);
        return true;
      }
      case 0x75: // SETITEMS
        this.#set(this.#marked());
        return true;
      case 0x64: {
        // DICT
        const pairs = this.#marked();
        this.#push(new Map());
        this.#set(pairs);
        return true;
      }
      case 0x90: {
        // ADDITEMS
        const members = this.#marked();
        const set = this.#last((value) => value instanceof Set, 'a set');
        for (const member of members) set.add(member);
        return true;
      }
      case 0x91: // FROZENSET
        this.#push(new Set(this.#marked()));
        return true;
      default:
        return false;
    }
  }

  /** Runs an opcode about the stack, the memo, names or calls. */
  #other(opcode: number): boolean {
    switch (opcode) {
      case 0x80: // PROTO
        if (this.#number('getUint8', 1) > 5) this.#fail('expected protocol 5 at most');
        return true;
      case 0x95: // FRAME
        this.#take(8);
        return true;
      case 0x30: // POP
        if (this.#stack.pop() === undefined) this.#fail('expected a value on the stack');
        return true;
      case 0x31: // POP_MARK
        this.#marked();
        return true;
      case 0x32: // DUP
        this.#push(this.#stack.at(-1));
        return true;
      case 0x63: // GLOBAL
        this.#global(this.#line(), this.#line());
        return true;
      case 0x93: {
        // STACK_GLOBAL
        const [name, module] = [this.#pop(), this.#pop()];
        this.#global(module, name);
        return true;
      }
      case 0x52: // REDUCE
        this.#reduce();
        return true;
      case 0x62: // BUILD
        this.#build();
        return true;
      case 0x51: // BINPERSID
        this.#persistent();
        return true;
      case 0x68: // BINGET
        this.#recall(this.#number('getUint8', 1));
        return true;
      case 0x6a: // LONG_BINGET
        this.#recall(this.#number('getUint32', 4));
        return true;
      case 0x71: // BINPUT
        this.#memoize(this.#number('getUint8', 1));
        return true;
      case 0x72: // LONG_BINPUT
        this.#memoize(this.#number('getUint32', 4));
        return true;
      case 0x94: // MEMOIZE
        this.#memoize(this.#memo.size);
        return true;
      default:
        return false;
    }
  }
}

/**
 * Reads a pickle. Dicts become maps, tuples become lists, and tensors become `TensorView`s.
 *
 * @param base The offset of the pickle in the file.
 * @throws FormatError for names and opcodes that are not on the list, and for bytes that are not a pickle.
 */
export const unpickle = (bytes: Uint8Array, file: string, base: number): unknown =>
  new Unpickler(bytes, file, base).run();
