/** Judges pages outside of the main thread: sends verdicts first, since corrections take longer. */

import { verifyPage } from '@tapegrad/formulas';
import { documentHtml, formulaCards } from '@tapegrad/formulas/html';
import type { Answer, Judged, Request, TypesetRequest } from './messages.ts';

function judge({ id, text }: Request, mend: boolean): Answer {
  const start = performance.now();
  const result = verifyPage(text, { mend });
  const cards = formulaCards(result, text);
  const formulas = result.formulas.map((formula, i): Judged => {
    const { line, span, kind, verdict, reason } = formula;
    return { ...cards[i]!, line, span, kind, verdict, reason, mend: formula.mend?.formula };
  });
  return {
    id,
    formulas,
    reading: [...result.reading, result.layout],
    isMended: mend,
    took: performance.now() - start,
  };
}

const needsMend = ({ formulas }: Answer): boolean =>
  formulas.some(({ verdict }) => verdict === 'wrong' || verdict === 'conditional');

const typeset = (text: string): string =>
  documentHtml({ name: '', format: 'markdown', formulas: [], layout: '', reading: [] }, text);

addEventListener('message', ({ data }: MessageEvent<Request | TypesetRequest>) => {
  if ('typeset' in data) {
    postMessage(data.typeset.map(typeset));
    return;
  }
  const verdicts = judge(data, false);
  const isDone = !needsMend(verdicts);
  postMessage({ ...verdicts, isMended: isDone });
  if (!isDone) postMessage(judge(data, true));
});
