/** Draws the course of a fit, and its predictions. */

import { axisX, axisY, dot, gridX, gridY, line, lineY, ruleY, text } from '@observablehq/plot';
import type { History } from '@tapegrad/train';
import { COLORS, chart, figure, type Panel } from '@tapegrad/train/plot';
import type { Cars } from './cars.ts';
import { type Errors, errorsOf, type Fitted } from './fitting.ts';

const SIZE = { width: 440, height: 400, marginTop: 8, marginLeft: 48, marginRight: 16, marginBottom: 42 };
const GRID = { stroke: COLORS.grid, strokeOpacity: 1 };
const AXIS = { tickSize: 0, labelAnchor: 'center', labelArrow: 'none' } as const;

/** Draws predicted against true fuel economy, and the error during training. */
export function fittingPicture(test: Cars, fitted: Fitted, baseline: Errors): string {
  const predicted = fitted.predict(test.x);
  const { rmse, mae } = errorsOf(predicted, test.y);
  return figure({
    title: 'Miles per gallon of cars, predicted',
    subtitle: `On ${test.y.size} cars kept back, RMSE ${rmse.toFixed(2)} mpg and MAE ${mae.toFixed(2)} mpg`,
    legend: [
      { label: 'training cars', color: COLORS.blue },
      { label: 'test cars', color: COLORS.orange },
    ],
    panels: [scatter(test.y.data, predicted.data), errorCurve(fitted.history, baseline)],
  });
}

function scatter(truth: ArrayLike<number>, predicted: ArrayLike<number>): Panel {
  const cars = Array.from(truth, (economy, i) => ({ truth: economy, predicted: predicted[i] ?? Number.NaN }));
  const all = cars.flatMap(({ truth, predicted }) => [truth, predicted]);
  const domain = [Math.floor(Math.min(...all) / 5) * 5, Math.ceil(Math.max(...all) / 5) * 5] as const;
  return chart('Predicted against true, mpg', {
    ...SIZE,
    x: { domain },
    y: { domain },
    marks: [
      gridX(GRID),
      gridY(GRID),
      axisX({ ...AXIS, label: 'true' }),
      axisY({ ...AXIS, label: 'predicted' }),
      line(
        domain.map((mpg) => [mpg, mpg] as const),
        { stroke: COLORS.quiet, strokeDasharray: '4 4' },
      ),
      dot(cars, { x: 'truth', y: 'predicted', r: 4, fill: COLORS.orange, fillOpacity: 0.75, stroke: COLORS.paper }),
    ],
  });
}

function errorCurve({ epochs }: History, baseline: Errors): Panel {
  return chart('RMSE in training, mpg', {
    ...SIZE,
    x: { domain: [0, epochs.length] },
    y: { domain: [0, Math.ceil(baseline.rmse + 1)] },
    marks: [
      gridX(GRID),
      gridY(GRID),
      axisX({ ...AXIS, label: 'epoch' }),
      axisY({ ...AXIS, label: null }),
      ruleY([baseline.rmse], { stroke: COLORS.quiet, strokeDasharray: '4 4' }),
      text([baseline], {
        text: ['always predicting the mean'],
        y: 'rmse',
        frameAnchor: 'right',
        textAnchor: 'end',
        dy: -9,
        fill: COLORS.quiet,
      }),
      lineY(epochs, { x: 'epoch', y: ({ training }) => training.rmse, stroke: COLORS.blue, strokeWidth: 1.75 }),
      lineY(epochs, { x: 'epoch', y: ({ validation }) => validation?.rmse, stroke: COLORS.orange, strokeWidth: 1.75 }),
    ],
  });
}
