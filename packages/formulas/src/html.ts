export { documentHtml, type FormulaCard, formulaCards } from './html/document.ts';
export { htmlPage, type JudgedPage } from './html/page.ts';
export { style } from './html/style.ts';
