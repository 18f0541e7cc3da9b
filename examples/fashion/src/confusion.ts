/** Draws the confusion matrix. */

import { cell, text as labels } from '@observablehq/plot';
import { chart } from '@tapegrad/example-toolkit/chart';
import { COLORS, figure } from '@tapegrad/example-toolkit/figure';
import { KINDS } from './data.ts';

interface Pair {
  readonly truth: string;
  readonly answer: string;
  readonly count: number;
}

/** Draws how many images of each class were classified as each class. */
export function confusionPicture(truths: ArrayLike<number>, answers: ArrayLike<number>): string {
  const counts = new Map<string, number>();
  for (let i = 0; i < truths.length; i++) {
    const pair = `${truths[i]} ${answers[i]}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const pairs = KINDS.flatMap((truth, i) =>
    KINDS.map((answer, j): Pair => ({ truth, answer, count: counts.get(`${i} ${j}`) ?? 0 })),
  );
  const mistakes = pairs.map((pair) => ({ ...pair, shade: pair.truth === pair.answer ? 0 : pair.count }));
  const place = { x: 'answer', y: 'truth' } as const;
  const panel = chart('Test pictures', {
    ...{ width: 760, height: 520, marginLeft: 90, marginBottom: 60 },
    x: { domain: [...KINDS], label: 'taken for', tickRotate: -20 },
    y: { domain: [...KINDS], label: 'is' },
    color: { type: 'sqrt', range: [COLORS.paper, COLORS.orange] },
    marks: [
      cell(mistakes, { ...place, fill: 'shade', inset: 0.5 }),
      labels(
        pairs.filter(({ count }) => count > 0),
        { ...place, text: 'count', fontSize: 12 },
      ),
    ],
  });
  return figure({
    title: 'What is taken for what',
    subtitle: 'How many of each kind are taken for each; the darker, the more are mistaken so.',
    panels: [panel],
  });
}
