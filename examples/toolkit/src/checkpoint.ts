/** Saves and resumes runs that were started with the same settings. */

import type { Random } from '@tapegrad/core';
import { FormatError, restoreState } from '@tapegrad/files';
import { load, save } from '@tapegrad/files/node';
import type { Module } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';

/** The objects that change during a run. */
export interface Running {
  readonly model: Module;
  readonly optimizer: Pick<Optimizer, 'state' | 'load'>;
  readonly random: Random;
}

/** The settings of the run. A run with other settings can't be resumed from its file. */
export type Settings = Readonly<Record<string, number | boolean | string>>;

/**
 * Saves the state of a run.
 *
 * @param progress The progress of the run, as plain data.
 */
export function saveCheckpoint(path: string, settings: Settings, running: Running, progress: unknown): void {
  const { model, optimizer, random } = running;
  save(path, { settings, model, optimizer, random, progress });
}

/**
 * Loads the saved state of a run with the same settings, so that it continues with bit-identical results. If the file
 * doesn't fit, the run is unchanged.
 *
 * @param warn Called with a warning if the file was saved by an engine that rounds differently. Defaults to a warning
 *   of the process.
 * @returns the `progress` that was saved.
 * @throws FormatError for a file that is missing, is not a checkpoint, has been altered, or is from a run with other
 *   settings.
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
