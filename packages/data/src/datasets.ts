export { mobyDick } from './ready/books.ts';
export { type DigitsOptions, type LabelledImages, mnist, mnistFolder, type Split } from './ready/digits.ts';
export { cars, type Iris, iris, penguins } from './ready/tables.ts';
