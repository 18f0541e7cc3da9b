import { SingleBar } from 'cli-progress';

/** Yields the items in order, with a progress bar on standard error that names the current one. */
export function* withProgress<T>(title: string, items: readonly T[], label: (item: T) => string): Generator<T> {
  const bar = new SingleBar({
    format: `${title.padEnd(10)} {bar} {value}/{total}  {doing}`,
    barsize: 30,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  bar.start(items.length, 0, { doing: '' });
  try {
    for (const item of items) {
      bar.update({ doing: label(item) });
      yield item;
      bar.increment();
    }
    bar.update({ doing: '' });
  } finally {
    bar.stop();
  }
}
