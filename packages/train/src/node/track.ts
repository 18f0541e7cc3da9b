/** Shows the progress of a loop on standard error. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import type { ProgressOptions } from './progress.ts';
import { duration, ProgressLine } from './progress-line.ts';

/** The options of `track`. */
export interface TrackOptions extends Pick<ProgressOptions, 'interval' | 'stream'> {
  /** A description of the loop's work, shown before the progress. Defaults to `progress`. */
  readonly label?: string;
  /** The number of items. Defaults to the `length` or `size` of the items, if they have one. */
  readonly total?: number;
  /** The word for items in the output. Defaults to `items`. */
  readonly unit?: string;
}

/** Returns the length of a list, or the size of a set or map. */
function totalOf(items: unknown): number | undefined {
  const { length, size } = items as { readonly length?: unknown; readonly size?: unknown };
  return [length, size].find((count) => typeof count === 'number');
}

/**
 * Shows the progress of a loop on standard error while it runs: the items done, their number per second and the
 * remaining time. In a terminal this is a bar, otherwise a line every few seconds.
 *
 * @param items what the loop iterates over, for example an array or a `DataLoader`
 * @example
 * import { track } from '@tapegrad/train/node';
 *
 * let sum = 0;
 * for (const seed of track([1, 2, 3], { label: 'seeds' })) sum += seed;
 * sum; // 6
 */
export function track<Item>(items: Iterable<Item>, options: TrackOptions = {}): Iterable<Item> {
  checkOptions('track', options, ['label', 'total', 'unit', 'interval', 'stream']);
  if (typeof items !== 'object' || items === null || !(Symbol.iterator in items)) {
    throw new ArgumentError(`track: expected items to iterate over, got ${describeValue(items)}`);
  }
  return tracked(items, options);
}

function* tracked<Item>(items: Iterable<Item>, options: TrackOptions): Generator<Item, void, undefined> {
  const { label = 'progress', total = totalOf(items), unit = 'items' } = options;
  const { interval = 5, stream = process.stderr } = options;
  const line = new ProgressLine(stream, interval);
  const started = performance.now();
  let done = 0;
  const textAfter = (seconds: number): string => {
    const speed = Number((done / seconds).toPrecision(3)).toLocaleString('en');
    const rest = total === undefined ? [] : [`${duration((seconds / done) * (total - done))} left`];
    return [`${done}${total === undefined ? '' : ` of ${total}`} ${unit}`, `${speed} ${unit}/s`, ...rest].join(' · ');
  };
  line.start();
  try {
    for (const item of items) {
      yield item;
      done++;
      if (!line.isDue) continue;
      const text = textAfter((performance.now() - started) / 1000);
      line.show({ label, done, total, position: `${done}`, text });
    }
  } finally {
    line.close();
  }
}
