/** Log files with the history of a run. */

import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventFile, writeFileAtomic } from '@tapegrad/files/node';
import { EventWriter } from '@tapegrad/files/tensorboard';
import type { Epoch, History, Point, Scores } from '../trainer/history.ts';

/** Encodes a value as JSON. NaN and infinities, which JSON does not have, become strings. */
const json = (value: unknown): string =>
  JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'number' && !Number.isFinite(entry) ? `${entry}` : entry,
  );

const pointLine = (point: Point): string => `${json({ kind: 'point', ...point })}\n`;
const epochLine = (epoch: Epoch): string => `${json({ kind: 'epoch', ...epoch })}\n`;

/** Returns the lines of points and epochs in chronological order. */
function linesOf({ points, epochs }: History): string {
  let next = 0;
  const lines: string[] = [];
  for (const epoch of epochs) {
    while (next < points.length && points[next]!.step <= epoch.step) lines.push(pointLine(points[next++]!));
    lines.push(epochLine(epoch));
  }
  return [...lines, ...points.slice(next).map(pointLine)].join('');
}

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const csvRow = (cells: readonly (string | number)[]): string =>
  `${cells.map((cell) => quoted(String(cell))).join(',')}\n`;

const scoreCells = (part: string, scores: Scores | undefined): [string, number][] =>
  Object.entries(scores ?? {}).map(([name, value]) => [`${part} ${name}`, value]);

function epochCells({ epoch, step, examples, seconds, learningRate, training, validation }: Epoch): [string, number][] {
  return [
    ['epoch', epoch],
    ['step', step],
    ['examples', examples],
    ['seconds', seconds],
    ['learning rate', learningRate],
    ...scoreCells('training', training),
    ...scoreCells('validation', validation),
  ];
}

const csvHeader = (epoch: Epoch): string => csvRow(epochCells(epoch).map(([name]) => name));
const csvLine = (epoch: Epoch): string => csvRow(epochCells(epoch).map(([, value]) => value));

/** Writes `log.jsonl`, a line for each point and epoch; `epochs.csv`, a row for each epoch; and `tensorboard/`. */
export class Logs {
  readonly #lines: string;
  readonly #table: string;
  readonly #events: string;
  #writer: EventWriter | undefined;
  #hasHeader = false;

  constructor(folder: string) {
    this.#lines = join(folder, 'log.jsonl');
    this.#table = join(folder, 'epochs.csv');
    this.#events = join(folder, 'tensorboard');
  }

  /** Writes the lines of a history. This drops lines that a killed run wrote after its last checkpoint. */
  start(history: History): void {
    const [first] = history.epochs;
    writeFileAtomic(this.#lines, linesOf(history));
    writeFileAtomic(this.#table, first === undefined ? '' : csvHeader(first) + history.epochs.map(csvLine).join(''));
    this.#hasHeader = first !== undefined;
    rmSync(this.#events, { recursive: true, force: true });
    this.#writer = new EventWriter(eventFile(this.#events));
    for (const point of history.points) this.#addScores('train', point.scores, point.step);
    for (const epoch of history.epochs) this.#addEpoch(epoch);
  }

  point(point: Point): void {
    appendFileSync(this.#lines, pointLine(point));
    this.#addScores('train', point.scores, point.step);
  }

  epoch(epoch: Epoch): void {
    appendFileSync(this.#lines, epochLine(epoch));
    appendFileSync(this.#table, (this.#hasHeader ? '' : csvHeader(epoch)) + csvLine(epoch));
    this.#hasHeader = true;
    this.#addEpoch(epoch);
  }

  #addScores(part: string, scores: Scores, step: number): void {
    for (const [name, value] of Object.entries(scores)) this.#writer?.scalar(`${name}/${part}`, value, step);
  }

  #addEpoch({ validation, learningRate, step }: Epoch): void {
    if (validation !== undefined) this.#addScores('validation', validation, step);
    this.#writer?.scalar('learning rate', learningRate, step);
  }

  close(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }
}
