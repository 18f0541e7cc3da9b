/** Draws the examples that a classifier gets wrong. */

import { figure } from '@tapegrad/train/plot';
import type { Readings } from './classification.ts';
import { imageOf, type LabelledImages } from './labelled-images.ts';
import { writePicture } from './picture-file.ts';
import { type CaptionedImage, pictureGrid } from './picture-grid.ts';
import { percent } from './program.ts';

/** A misclassified example. */
export interface Mistake {
  readonly label: number;
  readonly predicted: number;
  /** The probability of the predicted class. */
  readonly confidence: number;
}

export interface MistakesOptions {
  /** The noun for an example. */
  readonly unit: string;
  readonly captions: (mistake: Mistake) => Omit<CaptionedImage, 'image'>;
  /** The number to show. Defaults to 24. */
  readonly most?: number;
}

/** Returns the caption of a mistake: `7 read as 1`, and the classifier's confidence. */
export const readAs: MistakesOptions['captions'] = ({ label, predicted, confidence }) => ({
  caption: `${label} read as ${predicted}`,
  details: `${percent(confidence)} sure`,
});

/** Draws the misclassified examples with the highest confidence; returns undefined if there are none. */
export function mistakesPicture(
  examples: LabelledImages,
  { predicted, confidence }: Omit<Readings, 'score'>,
  { unit, captions, most = 24 }: MistakesOptions,
): string | undefined {
  const wrong = Array.from(examples.labels.data, (label, i) => ({
    i,
    label,
    predicted: predicted[i]!,
    confidence: confidence[i]!,
  }))
    .filter((example) => example.label !== example.predicted)
    .sort((a, b) => b.confidence - a.confidence);
  if (wrong.length === 0) return undefined;
  const items = wrong
    .slice(0, most)
    .map(({ i, ...mistake }) => ({ image: imageOf(examples, i), ...captions(mistake) }));
  const count = wrong.length.toLocaleString('en');
  return figure({
    title: 'The most confident mistakes',
    subtitle: `${items.length} of the ${count} test ${unit} that the network takes for something else, the surest first`,
    panels: [pictureGrid(items, 6)],
  });
}

/** Saves the picture of the mistakes, if there are any. */
export async function writeMistakes(
  path: string,
  ...[examples, readings, options]: Parameters<typeof mistakesPicture>
): Promise<void> {
  const picture = mistakesPicture(examples, readings, options);
  if (picture !== undefined) await writePicture(path, picture);
}
