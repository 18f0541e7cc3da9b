/** The puzzle panel: twelve gradients to fill in, judged like any formula. */

import { element } from '../elements.ts';
import { Judge } from '../judging/judge.ts';
import type { Answer } from '../judging/messages.ts';
import { evasion, type Puzzle, pageOf, puzzles } from './puzzles.ts';

const KEY = 'tapegrad-solved';

function storedSolved(): Set<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY) ?? '[]') as string[]);
  } catch {
    return new Set();
  }
}

function store(solved: ReadonlySet<string>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...solved]));
  } catch {
    // Without storage, solved puzzles are remembered only while the page is open.
  }
}

/** Creates the content of the puzzle panel. */
export function puzzlesPanel(panel: HTMLElement): void {
  const solved = storedSolved();
  let current = puzzles.find(({ title }) => !solved.has(title)) ?? puzzles[0]!;
  const progress = element('p', { class: 'status' });
  const list = element('ol', { class: 'puzzle-list' });
  const title = element('h2', { id: 'puzzle-title' });
  const given = element('div', { class: 'puzzle-given' });
  const answer = element('input', {
    type: 'text',
    id: 'answer',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: 'LaTeX, for example X^\\top y',
  });
  const feedback = element('div', { class: 'feedback', 'aria-live': 'polite' });
  const hint = element('details', { class: 'hint' });
  const next = element('button', { type: 'button', class: 'next' }, 'Next puzzle');
  const card = element(
    'div',
    { class: 'puzzle', role: 'group', 'aria-labelledby': 'puzzle-title' },
    ...[title, given, element('label', { for: 'answer' }, 'The right side'), answer, feedback, hint, next],
  );
  panel.append(element('nav', { class: 'puzzle-nav', 'aria-label': 'puzzles' }, progress, list), card);

  const showList = (): void => {
    progress.textContent = `${solved.size} of ${puzzles.length} solved`;
    list.replaceChildren(
      ...puzzles.map((puzzle) => {
        const isSolved = solved.has(puzzle.title);
        const button = element('button', { type: 'button', class: isSolved ? 'solved' : '' }, puzzle.title);
        if (puzzle === current) button.setAttribute('aria-current', 'true');
        if (isSolved) button.append(element('span', { class: 'tick', 'aria-label': 'solved' }, '✓'));
        button.addEventListener('click', () => open(puzzle));
        return element('li', {}, button);
      }),
    );
  };

  const showVerdict = ({ formulas, isMended }: Answer): void => {
    const last = formulas.at(-1);
    if (last === undefined) return;
    const isSolved = last.verdict === 'holds';
    if (isSolved && !solved.has(current.title)) {
      solved.add(current.title);
      store(solved);
      showList();
    }
    const details = isSolved ? '' : `<p class="reason"></p><div class="evidence">${withoutMend(last.evidence)}</div>`;
    feedback.className = `feedback ${last.verdict.replace(' ', '-')}`;
    feedback.innerHTML = `<div class="display">${last.formula}</div><p>${last.badge} ${isSolved ? '<b>Solved.</b>' : ''}</p>${details}`;
    const reason = feedback.querySelector('.reason');
    if (reason !== null) reason.textContent = last.reason;
    next.hidden = !isSolved;
    feedback.dataset.done = String(isMended);
  };
  const judge = new Judge((result, text) => {
    if (evasion(current, answer.value) === undefined && text === pageOf(current, answer.value)) showVerdict(result);
  });

  const ask = (): void => {
    const evaded = evasion(current, answer.value);
    next.hidden = true;
    if (evaded === undefined) {
      judge.ask(pageOf(current, answer.value));
      return;
    }
    feedback.className = 'feedback';
    feedback.textContent = evaded;
  };
  const open = (puzzle: Puzzle): void => {
    current = puzzle;
    showList();
    title.textContent = puzzle.title;
    given.replaceChildren();
    void questions.then((html) => {
      if (current === puzzle) given.innerHTML = html[puzzles.indexOf(puzzle)]!;
    });
    answer.value = '';
    hint.open = false;
    hint.replaceChildren(element('summary', {}, 'A hint'), element('p', {}, puzzle.hint));
    ask();
    answer.focus({ preventScroll: true });
  };
  answer.addEventListener('input', ask);
  next.addEventListener('click', () => {
    const at = puzzles.indexOf(current);
    open(
      [...puzzles.slice(at + 1), ...puzzles.slice(0, at + 1)].find(({ title: name }) => !solved.has(name)) ?? current,
    );
  });
  const questions = judge.typeset(puzzles.map((puzzle) => pageOf(puzzle, '\\; ?')));
  open(current);
}

/** Removes the correction from the evidence, since it would be the answer. */
function withoutMend(evidence: string): string {
  const box = element('div', {});
  box.innerHTML = evidence;
  box.querySelector('.mend')?.remove();
  return box.innerHTML;
}
