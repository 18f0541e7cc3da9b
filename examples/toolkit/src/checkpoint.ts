/** The state of a run in a file: model, optimizer, random generators, and progress. */

import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { engineInfo, type Random, type RandomState } from '@tapegrad/core';
import type { Module } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';
import { FormatError, readUntrusted } from './untrusted-file.ts';
import { writeWhole } from './whole-file.ts';

/** The parts of a run that change. */
export interface Running {
  readonly model: Module;
  readonly optimizer: Pick<Optimizer, 'state' | 'load'>;
  readonly random: Random;
}

/** The settings of a run. Only a run with the same settings can resume from its file. */
export type Settings = Readonly<Record<string, number | boolean | string>>;

/**
 * The properties of the engine, besides the settings, on which the last digits of a run depend. The number of threads
 * is not one of them.
 */
const arithmetic = () => {
  const { interpreter, relaxedSimd } = engineInfo();
  return { interpreter, relaxedSimd };
};

interface Checkpoint<Progress> {
  readonly arithmetic: ReturnType<typeof arithmetic>;
  readonly settings: Settings;
  readonly model: ReturnType<Module['state']>;
  readonly optimizer: ReturnType<Optimizer['state']>;
  readonly random: RandomState;
  readonly progress: Progress;
}

/** The first line of a file. The second line is a checksum of the rest. */
const FORMAT = 'tapegrad checkpoint 3';
const MAX_BYTES = 2 ** 30;

/** Saves the state of a run, and `progress`, plain data of the caller. */
export function saveCheckpoint<Progress>(
  path: string,
  settings: Settings,
  { model, optimizer, random }: Running,
  progress: Progress,
): void {
  const checkpoint: Checkpoint<Progress> = {
    arithmetic: arithmetic(),
    settings,
    model: model.state(),
    optimizer: optimizer.state(),
    random: random.state,
    progress,
  };
  const bytes = serialize(checkpoint);
  writeWhole(path, Buffer.concat([Buffer.from(`${FORMAT}\n${sumOf(bytes)}\n`), bytes]));
}

/**
 * Restores a run with the same settings to its saved state, so that it continues with the same bits. If the engine that
 * saved it rounds differently, prints a warning, since the last digits will differ. If the file doesn't fit, the run is
 * unchanged.
 *
 * @param warn receives the warning. Defaults to a process warning.
 * @returns the saved `progress`.
 * @throws FormatError if the file is missing, isn't a checkpoint, was changed, or belongs to a run with other settings.
 */
export function loadCheckpoint<Progress>(
  path: string,
  settings: Settings,
  running: Running,
  warn: (message: string) => void = process.emitWarning,
): Progress {
  const checkpoint = decoded<Progress>(path);
  for (const name of new Set([...Object.keys(settings), ...Object.keys(checkpoint.settings)])) {
    const [was, is] = [checkpoint.settings[name], settings[name]];
    if (was !== is) throw new FormatError(path, `was kept by another run: its ${name} is ${was}, this one's is ${is}`);
  }
  const { model, optimizer, random } = running;
  const before = { model: model.state(), optimizer: optimizer.state() };
  try {
    model.load(checkpoint.model);
    optimizer.load(checkpoint.optimizer);
    random.state = checkpoint.random;
  } catch (error) {
    model.load(before.model);
    optimizer.load(before.optimizer);
    throw new FormatError(path, `does not fit this run: ${(error as Error).message}`);
  }
  const [was, is] = [checkpoint.arithmetic, arithmetic()].map(
    ({ interpreter, relaxedSimd }) => `${interpreter} ${relaxedSimd ? 'with' : 'without'} relaxed SIMD`,
  );
  if (was !== is) warn(`${path}: kept by ${was}, goes on with ${is}: the last digits will differ`);
  return checkpoint.progress;
}

function decoded<Progress>(path: string): Checkpoint<Progress> {
  const file = Buffer.from(readUntrusted(path, MAX_BYTES));
  const begin = FORMAT.length + 1;
  const sum = file.toString('latin1', begin, begin + SUM_DIGITS);
  if (file.toString('latin1', 0, begin) !== `${FORMAT}\n` || sum.length < SUM_DIGITS) {
    throw new FormatError(path, 'expected a checkpoint');
  }
  const bytes = file.subarray(begin + SUM_DIGITS + 1);
  const actual = sumOf(bytes);
  if (actual !== sum) {
    throw new FormatError(path, `was changed after it was written: its SHA-256 is ${actual}, expected ${sum}`);
  }
  return deserialize(bytes) as Checkpoint<Progress>;
}

const SUM_DIGITS = 64;

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
