/** Typesets formulas as HTML. Formulas are in the plain-text notation of the theory, such as `delta_l = Z_(l-1)^T W_l`. */

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

/** Typesets indices, powers, Greek letters and arrows, and keeps all other text. */
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
