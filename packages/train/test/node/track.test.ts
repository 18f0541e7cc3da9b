/** The progress of loops. */

import { Writable } from 'node:stream';
import { track } from '@tapegrad/train/node';
import { expect, test } from 'vitest';

function lines() {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
}

test('track passes every item on, and shows how many are done', () => {
  const { stream, text } = lines();
  const seen: number[] = [];
  const items = track([1, 2, 3, 4], { label: 'trials', unit: 'trials', interval: 0, stream });
  for (const item of items) seen.push(item);
  expect(seen).toEqual([1, 2, 3, 4]);
  const shown = text().trimEnd().split('\n');
  expect(shown).toHaveLength(4);
  expect(shown[1]).toMatch(/^trials: 50 % · 2 of 4 trials · [\d,.]+ trials\/s · \d+ s left$/);
  expect(shown[3]).toMatch(/^trials: 100 % · 4 of 4 trials/);
});

test('track counts items whose number is unknown, and takes a total or a size', () => {
  const { stream, text } = lines();
  const endless = function* () {
    yield* ['a', 'b'];
  };
  expect([...track(endless(), { interval: 0, stream })]).toEqual(['a', 'b']);
  expect(text()).toMatch(/^progress: 1 · 1 items · [\d,.]+ items\/s\n/);
  for (const [items, total] of [
    [endless(), 4],
    [new Set([1, 2, 3, 4]), undefined],
  ] as const) {
    const own = lines();
    const options = { interval: 0, stream: own.stream, ...(total && { total }) };
    void [...track<number | string>(items, options)];
    expect(own.text()).toMatch(/^progress: 25 % · 1 of 4 items/);
  }
});

test('track shows nothing before its interval is over, and ends with the loop', () => {
  const { stream, text } = lines();
  let closed = false;
  const items = (function* () {
    try {
      yield* [1, 2, 3];
    } finally {
      closed = true;
    }
  })();
  for (const item of track(items, { stream })) if (item === 2) break;
  expect(closed).toBe(true);
  expect(text()).toBe('');
});

test('track refuses what is no list', () => {
  expect(() => track(3 as never)).toThrow('track: expected items to iterate over, got 3');
  expect(() => track([1], { lable: 'x' } as never)).toThrow("unknown option 'lable'");
});
