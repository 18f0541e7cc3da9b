/** The verdicts of a page as a list; items that don't change are kept. */

import { element } from '../elements.ts';
import type { Judged } from '../judging/messages.ts';

/** The actions on a formula. */
export interface VerdictActions {
  readonly apply: (formula: Judged) => void;
  readonly show: (formula: Judged) => void;
}

const classOf = (verdict: Judged['verdict']): string => verdict.replace(' ', '-');

function itemOf(formula: Judged, actions: VerdictActions): HTMLElement {
  const { verdict, reason, line, badge, evidence, kind, mend } = formula;
  const head = element('div', { class: 'head' });
  const place = element('button', { type: 'button', class: 'line', title: 'show it in the document' }, `line ${line}`);
  place.addEventListener('click', () => actions.show(formula));
  head.insertAdjacentHTML('beforeend', badge);
  head.append(place, element('span', { class: 'reason' }, verdict === 'holds' && kind === 'claim' ? '' : reason));
  const typeset = element('div', { class: 'display' });
  typeset.innerHTML = formula.formula;
  const item = element('li', { class: `verdict ${classOf(verdict)} ${kind}` }, head, typeset);
  if (mend !== undefined) {
    const button = element('button', { type: 'button', class: 'apply' }, 'Apply the mend');
    button.addEventListener('click', () => actions.apply(formula));
    item.append(button);
  }
  if (evidence !== '') {
    const body = element('div', { class: 'evidence' });
    body.innerHTML = evidence;
    item.append(body);
  }
  return item;
}

/** A list of verdicts. */
export class Verdicts {
  readonly list = element('ol', { class: 'verdicts', 'aria-label': 'verdicts' });
  readonly #actions: VerdictActions;
  #shown = new Map<string, HTMLElement>();

  constructor(actions: VerdictActions) {
    this.#actions = actions;
  }

  show(formulas: readonly Judged[]): void {
    const shown = new Map<string, HTMLElement>();
    for (const formula of formulas) {
      const key = JSON.stringify([formula, shown.size]);
      shown.set(key, this.#shown.get(key) ?? itemOf(formula, this.#actions));
    }
    this.#shown = shown;
    this.list.replaceChildren(...shown.values());
  }
}
