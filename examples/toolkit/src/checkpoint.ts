/** Saves and resumes runs that were started with the same settings. */

import type { Random } from '@tapegrad/core';
import { FormatError, restoreState } from '@tapegrad/files';
import { load, save } from '@tapegrad/files/node';
import type { Module } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';

/** The objects that change in the course of a run. */
export interface Running {
  readonly model: Module;
  readonly optimizer: Pick<Optimizer, 'state' | 'load'>;
  readonly random: Random;
}

/** The settings that a run was started with, so that no other run resumes from its file. */
export type Settings = Readonly<Record<string, number | boolean | string>>;

/**
 * Saves the state of a run.
 *
 * @param progress Plain data that tells how far the run has come.
 */
export function saveCheckpoint(path: string, settings: Settings, running: Running, progress: unknown): void {
  const { model, optimizer, random } = running;
  save(path, { settings, model, optimizer, random, progress });
}

/**
 * Restores a run to the state of another run with the same settings, to continue with the same bits. If the file doesn't fit,
 * the run stays as it is.
 *
 * @param warn Takes a warning if the file was saved by an engine that rounds differently. Defaults to one of the process.
 * @returns the `progress` that was saved.
 * @throws FormatError for a file that is missing, is no checkpoint, was changed, or is one of a run with other settings.
 */
export function loadCheckpoint<Progress>(
  path: string,
  settings: Settings,
  { model, optimizer, random }: Running,
  warn?: (message: string) => void,
): Progress {
  const saved = load<{ readonly settings: Settings; readonly progress: Progress }>(
    path,
    warn === undefined ? {} : { warn },
  );
  for (const name of new Set([...Object.keys(settings), ...Object.keys(saved.settings ?? {})])) {
    const [was, is] = [saved.settings?.[name], settings[name]];
    if (was !== is) throw new FormatError(path, `was saved by another run: its ${name} is ${was}, this one's is ${is}`);
  }
  restoreState(saved, { model, optimizer, random }, path);
  return saved.progress;
}
