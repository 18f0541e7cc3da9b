/** The document panel: an editor, and next to it the verdict on each formula as you type. */

import { Editor } from '../editor.ts';
import { element } from '../elements.ts';
import { Judge } from '../judging/judge.ts';
import type { Answer, Judged } from '../judging/messages.ts';
import { examples } from './examples.ts';
import { Verdicts } from './verdicts.ts';

/** The time to wait for another keystroke, in milliseconds. */
const PAUSE = 60;

const words: readonly Judged['verdict'][] = ['holds', 'wrong', 'conditional', 'not understood', 'undecided'];

function summary({ formulas, isMended, took }: Answer): string {
  const counts = words.flatMap((word) => {
    const count = formulas.filter(({ verdict }) => verdict === word).length;
    return count === 0 ? [] : [`${count} ${word === 'holds' && count > 1 ? 'hold' : word}`];
  });
  const all = counts.length === 0 ? 'no formulas' : counts.join(', ');
  return `${all} · ${Math.round(took)} ms${isMended ? '' : ' · looking for mends …'}`;
}

/** Creates the content of the document panel. */
export function documentPanel(panel: HTMLElement): void {
  const status = element('p', { class: 'status', role: 'status' }, 'judging …');
  const reading = element('ul', {});
  const choice = element(
    'select',
    { 'aria-label': 'example' },
    ...examples.map(({ title }, i) => element('option', { value: String(i) }, title)),
  );
  const left = element(
    'div',
    { class: 'pane' },
    element('div', { class: 'tools' }, element('label', {}, 'Example ', choice)),
  );
  const verdicts = new Verdicts({
    apply: ({ mend, span }) => editor.replace(mend!, span.start, span.end),
    show: ({ span }) => editor.select(span.start, span.end),
  });
  const right = element(
    'div',
    { class: 'pane results' },
    element('div', { class: 'tools' }, status),
    verdicts.list,
    element('details', { class: 'reading' }, element('summary', {}, 'How the letters were interpreted'), reading),
  );
  panel.append(left, right);

  const judge = new Judge((answer, text) => {
    if (text !== editor.text) return;
    status.textContent = summary(answer);
    right.classList.remove('stale');
    verdicts.show(answer.formulas);
    reading.replaceChildren(...answer.reading.map((line) => element('li', {}, line)));
    editor.underline(
      answer.formulas.map(({ span, verdict }) => ({ ...span, className: `cm-${verdict.replace(' ', '-')}` })),
    );
  });
  let timer = 0;
  const editor = new Editor({
    parent: left,
    label: 'document',
    text: examples[0]!.text,
    onChange: (text) => {
      right.classList.add('stale');
      clearTimeout(timer);
      timer = setTimeout(() => judge.ask(text), PAUSE);
    },
  });
  choice.addEventListener('change', () => editor.replace(examples[Number(choice.value)]!.text));
  judge.ask(editor.text);
}
