export { type ChartOptions, chart } from './plot/chart.ts';
export { type ConfusionPictureOptions, confusionPicture } from './plot/confusion-picture.ts';
export { COLORS, type FigureOptions, FONT, figure, type Panel, type TextStyle, text } from './plot/figure.ts';
export { type ImageGridOptions, type ImageUrlOptions, imageGrid, imageUrl } from './plot/image-grid.ts';
export { type CurvePanel, type LearningCurveOptions, learningCurve } from './plot/learning-curve.ts';
export { type ClassifiedImages, type MistakesPictureOptions, mistakesPicture } from './plot/mistakes-picture.ts';
export { ratesPicture } from './plot/rates-picture.ts';
export { savePicture, toPng } from './plot/save-picture.ts';
