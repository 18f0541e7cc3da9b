/** Typesets formulas in the theory's plain-text notation, `delta_l = Z_(l-1)^T W_l`, as HTML. */

import { escaped } from '../charts/markup.ts';

const words: Readonly<Record<string, string>> = {
  alpha: 'α',
  delta: 'δ',
  lambda: 'λ',
  mu: 'μ',
  sum: 'Σ',
  '<-': '←',
  '<=': '≤',
  ' * ': ' ⊙ ',
};

const spoken = /(?<![A-Za-z])(?:alpha|delta|lambda|mu|sum(?=_))(?![A-Za-z])|<-|<=| \* /g;
const raised = /([_^])(?:\(([^()]*)\)|([A-Za-z0-9]+))/g;

/** Typesets indices, powers, Greek letters and arrows; other text stays as it is. */
export function typeset(text: string): string {
  let html = '';
  let end = 0;
  const symbols = text.replaceAll(spoken, (word) => words[word]!);
  for (const { index, 0: whole, 1: mark, 2: several, 3: one } of symbols.matchAll(raised)) {
    const tag = mark === '_' ? 'sub' : 'sup';
    html += `${escaped(symbols.slice(end, index))}<${tag}>${escaped(several ?? one ?? '')}</${tag}>`;
    end = index + whole.length;
  }
  return html + escaped(symbols.slice(end));
}
