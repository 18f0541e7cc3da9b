/**
 * Judges texts outside the page's own thread: verdicts first, then corrections, which take longer. Formulas that have
 * not changed are not judged again.
 */

import { Memory, type PageResult, verifyGradually } from '@tapegrad/formulas';
import { documentHtml, formulaCards } from '@tapegrad/formulas/html';
import type { Answer, Judged, Reply, Request, TypesetRequest } from './messages.ts';

/** The time to work before checking for a newer text, in milliseconds. */
const SLICE = 25;

const memory = new Memory();
let latest = 0;

function answerOf({ id, text }: Request, result: PageResult, isMended: boolean, took: number): Answer {
  const cards = formulaCards(result, text);
  const formulas = result.formulas.map((formula, i): Judged => {
    const { line, span, kind, verdict, reason } = formula;
    return { ...cards[i]!, line, span, kind, verdict, reason, mend: formula.mend?.formula };
  });
  return { id, formulas, reading: [...result.reading, result.layout], isMended, took };
}

const needsMend = ({ formulas }: PageResult): boolean =>
  formulas.some(({ verdict }) => verdict === 'wrong' || verdict === 'conditional');

/** Lets the event loop deliver messages. */
const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

const reply = (message: Reply): void => postMessage(message);

/** Judges a text, until a newer one arrives. */
async function judge(request: Request): Promise<void> {
  const { id, text } = request;
  latest = id;
  reply({ started: id });
  const bits = verifyGradually(text, { memory });
  let took = 0;
  let start = performance.now();
  for (;;) {
    const { done, value } = bits.next();
    const isDone = done === true || (value !== undefined && !needsMend(value));
    if (value !== undefined) reply(answerOf(request, value, isDone, took + performance.now() - start));
    if (isDone) return;
    const now = performance.now();
    if (now - start < SLICE) continue;
    took += now - start;
    await pause();
    if (latest !== id) return;
    start = performance.now();
  }
}

const typeset = (text: string): string =>
  documentHtml({ name: '', format: 'markdown', formulas: [], layout: '', reading: [] }, text);

addEventListener('message', ({ data }: MessageEvent<Request | TypesetRequest>) => {
  if ('typeset' in data) reply({ typeset: data.typeset.map(typeset) });
  else void judge(data);
});
