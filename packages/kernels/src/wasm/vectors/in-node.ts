/**
 * Vectors of 256 bits in Node: an experimental phase of V8's compiler that joins neighbouring 128-bit instructions. It is
 * switched on by a flag of V8, which applies to all modules that are compiled afterwards.
 */

import { ArgumentError } from '../../error-classes.ts';
import { features } from '../assembler/features.ts';
import { assembleFor, joinFrom, settleVectors, type VectorBits, vectorBits } from '../assembler/vector-width.ts';
import { builtin, hostProcess, isNode, messageOf } from '../threads/host.ts';
import { checkBits } from './check-bits.ts';
import { findDifference } from './self-check.ts';
import { widens } from './speed-check.ts';

const FLAG = '--experimental-wasm-revectorize';
const VARIABLE = 'TAPEGRAD_VECTORS';
/** The first version of V8 in which this phase makes code faster. */
const FIRST_VERSION = [13, 6] as const;
/** The flags that make V8 optimize a module when it is compiled, not when it has run for a while. */
const OPTIMIZE_AT_ONCE = ['--wasm-sync-tier-up', '--wasm-tiering-budget=1'];
const OPTIMIZE_LATER = ['--no-wasm-sync-tier-up', '--wasm-tiering-budget=13000000'];

/** The argument of `isAscii`; its content doesn't matter. */
const BYTES = new Uint8Array(1);

/**
 * Returns a function that clears the upper halves of the registers. No WebAssembly instruction does that, but native
 * functions that compute in vectors of 256 bits do. `isAscii` is such a function, and takes only 50 ns.
 */
function registerClearer(): () => void {
  const isAscii = builtin('node:buffer')?.isAscii;
  return isAscii === undefined ? () => {} : () => void isAscii(BYTES);
}

type SetFlag = (flag: string) => void;

let isPrepared = false;

/**
 * Sets the vector width that the environment requests, by the variable `TAPEGRAD_VECTORS` or by V8's flag on Node's
 * command line. If the engine can't provide this width, there is only a warning. In hosts other than Node, the
 * environment is not read.
 */
export function prepareVectors(): void {
  if (isPrepared) return;
  isPrepared = true;
  // Deno would ask its user for permission to read a variable.
  if (!isNode()) return;
  const { env = {}, execArgv = [] } = hostProcess() ?? {};
  const variable = env[VARIABLE];
  const wanted = variable ?? (execArgv.includes(FLAG) ? '256' : undefined);
  if (wanted === undefined) return;
  try {
    switchVectors(variable === undefined ? FLAG : VARIABLE, Number(wanted) as VectorBits);
  } catch (error) {
    warn(messageOf(error));
  }
}

/**
 * Sets the width of the vectors in all modules that are compiled from now on. 256 is tested first: if any of some
 * representative kernels gives other bits than with 128, the width stays 128, and a warning names the kernel. Throws if
 * the engine has no vectors of 256 bits.
 */
export function switchVectors(call: string, bits: VectorBits): void {
  isPrepared = true;
  checkBits(call, bits);
  if (bits === vectorBits()) return;
  const lacking = whatLacks();
  if (lacking !== undefined) throw new ArgumentError(`${call}: expected 128, got 256; ${lacking}`);
  const setFlag: SetFlag = (flag) => builtin('node:v8')?.setFlagsFromString(flag);
  const narrow = () => {
    setFlag(FLAG.replace('--', '--no-'));
    assembleFor(128);
  };
  if (bits === 128) {
    narrow();
    return;
  }
  const optimized = <R>(run: () => R): R => {
    for (const flag of OPTIMIZE_AT_ONCE) setFlag(flag);
    try {
      return run();
    } finally {
      for (const flag of OPTIMIZE_LATER) setFlag(flag);
    }
  };
  narrow();
  let difference: string | undefined;
  try {
    difference = findDifference((run) => {
      setFlag(FLAG);
      assembleFor(256, registerClearer());
      if (!optimized(widens)) throw new ArgumentError(`${call}: expected 128, got 256; ${NOTHING_GAINED}`);
      joinFrom(0);
      return optimized(run);
    });
  } catch (error) {
    narrow();
    throw error;
  } finally {
    settleVectors(Infinity);
    joinFrom();
  }
  if (difference === undefined) return;
  narrow();
  warn(`${call}: vectors stay at 128 bits, since ${difference} gives other results with 256`);
}

const NOTHING_GAINED = 'this processor or engine gains nothing from them; they need x86-64 with AVX2';

/** Returns a description of what the host lacks for vectors of 256 bits; undefined if it lacks nothing. */
function whatLacks(): string | undefined {
  const version = hostProcess()?.versions?.['v8'] ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isRecent = major > FIRST_VERSION[0] || (major === FIRST_VERSION[0] && minor >= FIRST_VERSION[1]);
  if (!isRecent || hostProcess()?.versions?.['bun'] !== undefined) {
    return `they need V8 ${FIRST_VERSION.join('.')} or later, as in Node 24; this host has ${version || 'none'}`;
  }
  if (typeof builtin('node:v8')?.setFlagsFromString !== 'function') return 'this host sets no flags of V8';
  return features().relaxedSimd ? undefined : 'they need relaxed SIMD';
}

function warn(message: string): void {
  hostProcess()?.emitWarning?.(message, 'tapegrad');
}
