/**
 * The loop of XXH64 over stripes of 32 bytes, in WebAssembly and in JavaScript.
 *
 * Almost all the time of a checksum is spent here. The WebAssembly loop takes 0.2 ns per byte, about as long as a copy.
 * The JavaScript loop takes 15 times as long, since JavaScript has no fast 64-bit integers.
 */

/** The number of bytes of a stripe. */
export const STRIPE_BYTES = 32;

/** The primes of XXH64. */
export const PRIMES = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

/** Updates the four accumulators, which are stored as 32 little-endian bytes, with whole stripes. */
export type Stripes = (accumulators: Uint8Array, stripes: Uint8Array) => void;

/** The part of the WebAssembly interface used here, declared because the compiler's DOM library is not loaded. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
}

/** The WebAssembly module that `test/checksum/stripes-program.ts` assembles. */
export const MODULE =
  'AGFzbQEAAAABBgFgAn9/AAIPAQNlbnYGbWVtb3J5AgAAAwIBAAcLAQdzdHJpcGVzAAAK6AEB5QEBBH5BACkDACECQQApAwghA0EAKQMQIQRBACkD' +
  'GCEFIAAgAUgEQANAIAIgACkDAELP1tO+0ser2UJ+fEIfiUKHla+vmLbem55/fiECIAMgACkDCELP1tO+0ser2UJ+fEIfiUKHla+vmLbem55/fiED' +
  'IAQgACkDEELP1tO+0ser2UJ+fEIfiUKHla+vmLbem55/fiEEIAUgACkDGELP1tO+0ser2UJ+fEIfiUKHla+vmLbem55/fiEFIABBIGohACAAIAFI' +
  'DQALC0EAIAI3AwBBACADNwMIQQAgBDcDEEEAIAU3AxgL';

const PAGE_BYTES = 65_536;
const BLOCK_BYTES = 2 * PAGE_BYTES;

/** Compiles the WebAssembly loop. Throws if the host has no WebAssembly or refuses to compile it. */
function compile(): Stripes {
  const { Module, Instance, Memory } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyLike }).WebAssembly;
  const memory = new Memory({ initial: 1 + BLOCK_BYTES / PAGE_BYTES });
  const module = new Module(Uint8Array.from(atob(MODULE), (character) => character.charCodeAt(0)));
  const { stripes } = new Instance(module, { env: { memory } }).exports as {
    readonly stripes: (from: number, end: number) => void;
  };
  const state = new Uint8Array(memory.buffer, 0, STRIPE_BYTES);
  const block = new Uint8Array(memory.buffer, PAGE_BYTES, BLOCK_BYTES);
  return (accumulators, bytes) => {
    state.set(accumulators);
    for (let done = 0; done < bytes.length; done += BLOCK_BYTES) {
      const part = bytes.subarray(done, done + BLOCK_BYTES);
      block.set(part);
      stripes(PAGE_BYTES, PAGE_BYTES + part.length);
    }
    accumulators.set(state);
  };
}

/** Returns the high 32 bits of the product of two unsigned 32-bit integers. */
function highProduct(a: number, b: number): number {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const low = a1 * b0 + (Math.imul(a0, b0) >>> 16);
  const middle = a0 * b1 + (low & 0xffff);
  return a1 * b1 + (low >>> 16) + (middle >>> 16);
}

const halves = (prime: bigint): readonly [low: number, high: number] => [
  Number(BigInt.asIntN(32, prime)),
  Number(BigInt.asIntN(32, prime >> 32n)),
];

/** The loop in JavaScript: each 64-bit word is a pair of 32-bit integers. */
export const portable: Stripes = (accumulators, bytes) => {
  const [[low1, high1], [low2, high2]] = [halves(PRIMES[0]), halves(PRIMES[1])];
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const state = new DataView(accumulators.buffer, accumulators.byteOffset, STRIPE_BYTES);
  for (let lane = 0; lane < STRIPE_BYTES; lane += 8) {
    let low = state.getInt32(lane, true);
    let high = state.getInt32(lane + 4, true);
    for (let at = lane; at < bytes.length; at += STRIPE_BYTES) {
      const wordLow = words.getInt32(at, true);
      const addedLow = Math.imul(wordLow, low2);
      const addedHigh =
        highProduct(wordLow, low2) + Math.imul(wordLow, high2) + Math.imul(words.getInt32(at + 4, true), low2);
      const sumLow = (low >>> 0) + (addedLow >>> 0);
      const sumHigh = (high + addedHigh + (sumLow > 0xffff_ffff ? 1 : 0)) | 0;
      // A rotation to the left by 31 bits is one to the right by 33.
      const rotatedLow = (sumHigh >>> 1) | (sumLow << 31);
      const rotatedHigh = ((sumLow | 0) >>> 1) | (sumHigh << 31);
      low = Math.imul(rotatedLow, low1);
      high = (highProduct(rotatedLow, low1) + Math.imul(rotatedLow, high1) + Math.imul(rotatedHigh, low1)) | 0;
    }
    state.setInt32(lane, low, true);
    state.setInt32(lane + 4, high, true);
  }
};

/** Below this number of bytes, compiling the WebAssembly loop would take longer than the work. */
const MIN_COMPILED_BYTES = 16_384;

let compiled: Stripes | undefined;

/** Returns the fastest loop for a number of bytes. */
export function stripesFor(bytes: number): Stripes {
  if (bytes < MIN_COMPILED_BYTES) return portable;
  if (compiled === undefined) {
    try {
      compiled = compile();
    } catch {
      compiled = portable;
    }
  }
  return compiled;
}
