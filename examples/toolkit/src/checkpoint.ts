/** A run in a file, to go on from: its model, its optimizer, its random numbers, and how far it has come. */

import { deserialize, serialize } from 'node:v8';
import type { Random, RandomState } from '@tapegrad/core';
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

interface Checkpoint<Progress> {
  readonly format: typeof FORMAT;
  readonly settings: Settings;
  readonly model: ReturnType<Module['state']>;
  readonly optimizer: ReturnType<Optimizer['state']>;
  readonly random: RandomState;
  readonly progress: Progress;
}

const FORMAT = 'tapegrad checkpoint 1';
const MAX_BYTES = 2 ** 30;

/** Keeps a run as it is now, and `progress`, plain data that tells how far it has come. */
export function saveCheckpoint<Progress>(
  path: string,
  settings: Settings,
  { model, optimizer, random }: Running,
  progress: Progress,
): void {
  const checkpoint: Checkpoint<Progress> = {
    format: FORMAT,
    settings,
    model: model.state(),
    optimizer: optimizer.state(),
    random: random.state,
    progress,
  };
  writeWhole(path, serialize(checkpoint));
}

/**
 * Puts a run where another of the same settings was when it was kept: it goes on with the same bits.
 *
 * @returns the `progress` that was kept.
 * @throws FormatError for a file that is missing, is no checkpoint, or is one of a run with other settings.
 */
export function loadCheckpoint<Progress>(path: string, settings: Settings, running: Running): Progress {
  const checkpoint = decoded<Progress>(path);
  for (const name of new Set([...Object.keys(settings), ...Object.keys(checkpoint.settings)])) {
    const [was, is] = [checkpoint.settings[name], settings[name]];
    if (was !== is) throw new FormatError(path, `was kept by another run: its ${name} is ${was}, this one's is ${is}`);
  }
  try {
    running.model.load(checkpoint.model);
    running.optimizer.load(checkpoint.optimizer);
    running.random.state = checkpoint.random;
  } catch (error) {
    throw new FormatError(path, `does not fit this run: ${(error as Error).message}`);
  }
  return checkpoint.progress;
}

function decoded<Progress>(path: string): Checkpoint<Progress> {
  const bytes = readUntrusted(path, MAX_BYTES);
  try {
    const value: unknown = deserialize(bytes);
    if ((value as Partial<Checkpoint<Progress>> | null)?.format === FORMAT) return value as Checkpoint<Progress>;
  } catch {
    // Told below, as what is readable but no checkpoint is.
  }
  throw new FormatError(path, 'expected a checkpoint');
}
