/** The network panel: a program, and next to it its tape, its links and its derived formulas. */

import { javascript } from '@codemirror/lang-javascript';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';
import { Editor } from '../editor.ts';
import { element } from '../elements.ts';
import { pictureInTheme } from '../theme.ts';
import { networks } from './examples.ts';
import type { ProgramAnswer, ProgramError, ProgramRequest } from './messages.ts';

const PAUSE = 250;
/** The time limit of a program, in milliseconds. */
const LIMIT = 10_000;

/** The colors of code, in light and dark mode. */
const colors = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.moduleKeyword], color: 'light-dark(#8a2fb0, #cf9bf0)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'light-dark(#a1401c, #f0a584)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'light-dark(#0a7a55, #7fd6b0)' },
  { tag: [tags.typeName, tags.className], color: 'light-dark(#1d6c8a, #83c9e6)' },
  { tag: tags.definition(tags.variableName), color: 'light-dark(#1d4ed8, #9dbdff)' },
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
]);

const startWorker = (): Worker => new Worker(new URL('network-worker.js', import.meta.url), { type: 'module' });

/** Creates the content of the network panel. */
export function networkPanel(panel: HTMLElement, onTheme: (listener: () => void) => void): void {
  const choice = element(
    'select',
    { 'aria-label': 'network' },
    ...networks.map(({ title }, i) => element('option', { value: String(i) }, title)),
  );
  const left = element(
    'div',
    { class: 'pane' },
    element('div', { class: 'tools' }, element('label', {}, 'Network ', choice)),
  );
  const status = element('p', { class: 'status', role: 'status' });
  const results = element('div', { class: 'pictures' });
  panel.append(left, element('div', { class: 'pane results' }, element('div', { class: 'tools' }, status), results));

  let worker: Worker | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  let id = 0;
  let found: ProgramAnswer | undefined;

  const show = (): void => {
    if (found === undefined) return;
    const pictures = [found.graph, found.links].filter((svg) => svg !== '').map(pictureInTheme);
    const derived = `<section class="derived"><h2>Derived, and judged</h2>${found.derived}</section>`;
    results.innerHTML = derived + pictures.map((svg) => `<div class="picture">${svg}</div>`).join('');
    results.append(
      element(
        'details',
        {},
        element('summary', {}, 'The tape as text'),
        element('pre', { tabindex: '0' }, found.listing),
      ),
    );
  };
  const fail = (message: string): void => {
    status.textContent = message;
    status.classList.add('failed');
  };
  const end = (): void => {
    clearTimeout(limit);
    worker?.terminate();
    worker = undefined;
  };
  const run = (code: string): void => {
    if (limit !== undefined) end();
    worker ??= startWorker();
    status.classList.remove('failed');
    status.textContent = 'running …';
    const request: ProgramRequest = { id: ++id, code };
    worker.onmessage = ({ data }: MessageEvent<ProgramAnswer | ProgramError>) => {
      if (data.id !== id) return;
      clearTimeout(limit);
      limit = undefined;
      if ('error' in data) {
        fail(data.error);
        return;
      }
      found = data;
      status.textContent = `loss = ${data.value}`;
      show();
    };
    worker.postMessage(request);
    limit = setTimeout(() => {
      end();
      limit = undefined;
      fail(`the program took more than ${LIMIT / 1000} s and was stopped`);
    }, LIMIT);
  };

  let timer: ReturnType<typeof setTimeout> | undefined;
  const editor = new Editor({
    parent: left,
    label: 'program',
    text: networks[0]!.text,
    extensions: [javascript({ typescript: true }), syntaxHighlighting(colors)],
    onChange: (code) => {
      status.textContent = 'running …';
      clearTimeout(timer);
      timer = setTimeout(() => run(code), PAUSE);
    },
  });
  choice.addEventListener('change', () => editor.replace(networks[Number(choice.value)]!.text));
  onTheme(show);
  run(editor.text);
}
