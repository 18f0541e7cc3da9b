/** A run in a file, to go on from: its model, its optimizer, its random numbers, and how far it has come. */

import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { engineInfo, type Random, type RandomState } from '@tapegrad/core';
import type { Module } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';
import { FormatError, readUntrusted } from './untrusted-file.ts';
import { writeWhole } from './whole-file.ts';

/** What changes in the course of a run. */
export interface Running {
  readonly model: Module;
  readonly optimizer: Pick<Optimizer, 'state' | 'load'>;
  readonly random: Random;
}

/** What a run was started with, so that no other goes on from its file. */
export type Settings = Readonly<Record<string, number | boolean | string>>;

/** What the last digits of a run depend on, beside its settings: not the number of threads. */
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

/** How a file begins: with this line, and another of the sum of all that follows. */
const FORMAT = 'tapegrad checkpoint 3';
const MAX_BYTES = 2 ** 30;

/** Keeps a run as it is now, and `progress`, plain data that tells how far it has come. */
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
 * Puts a run where another of the same settings was when it was kept: it goes on with the same bits. Where the file was kept by an
 * engine that rounds differently, there is a warning, since the last digits will differ. Where the file does not fit, the run
 * stays as it is.
 *
 * @param warn takes the warning. Defaults to one of the process.
 * @returns the `progress` that was kept.
 * @throws FormatError for a file that is missing, is no checkpoint, was changed, or is one of a run with other settings.
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
