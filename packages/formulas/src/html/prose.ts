/** Formats the text around formulas as HTML, with a placeholder for each formula. */

import { micromark } from 'micromark';
import { gfmTable, gfmTableHtml } from 'micromark-extension-gfm-table';
import type { Page } from '../text/document.ts';
import { escaped } from './markup.ts';

/** The characters of placeholders. They don't occur in any page that is read. */
const [OPEN, CLOSE] = ['\u{e000}', '\u{e001}'];

/** Matches placeholders, and the ends of elements after which cards may follow. */
const events = new RegExp(`${OPEN}(\\d+)${CLOSE}|</(?:p|h[1-6]|table|pre|li)>`, 'g');

/** Returns a page's text with placeholders for its formulas, and without macro definitions. */
function withPlaceholders({ source, fragments, macros }: Page): string {
  const text = source.text.replace(/[\u{e000}\u{e001}]/gu, '\u{fffd}');
  const cuts = [
    ...fragments.map(({ span }, i) => ({ span, put: `${OPEN}${i}${CLOSE}` })),
    ...[...macros.values()].map(({ span }) => ({ span, put: '' })),
  ].sort((a, b) => a.span.start - b.span.start);
  let result = '';
  let at = 0;
  for (const { span, put } of cuts) {
    if (span.start < at) continue;
    result += text.slice(at, span.start) + put;
    at = span.end;
  }
  return result + text.slice(at);
}

const markdownHtml = (text: string): string =>
  micromark(text.replace(/^---\n[\s\S]*?\n---(?=\n)/, '').replace(/<!--[\s\S]*?-->/g, ''), {
    extensions: [gfmTable()],
    htmlExtensions: [gfmTableHtml()],
  });

/**
 * Converts sections, lists and emphasis of a LaTeX document to Markdown. Other commands are replaced by their
 * arguments.
 */
function markdownOf(latex: string): string {
  const begin = latex.indexOf('\\begin{document}');
  const body = begin < 0 ? latex : latex.slice(begin + '\\begin{document}'.length);
  return body
    .replace(/\\end\{document\}[\s\S]*/, '')
    .replace(/(?<!\\)%[^\n]*/g, '')
    .replace(/[*_`<>#]/g, '\\$&')
    .replace(/\\(?:label|ref|eqref|cite|vspace|hspace|usepackage|bibliography)\*?(?:\[[^\]]*\])?\{[^{}]*\}/g, '')
    .replace(/\\(section|subsection|subsubsection|paragraph)\\?\*?\{([^{}]*)\}/g, (_, name: string, title: string) => {
      return `\n\n${'#'.repeat(name === 'section' ? 2 : 3)} ${title}\n\n`;
    })
    .replace(/\\(?:emph|textit)\{([^{}]*)\}/g, '*$1*')
    .replace(/\\textbf\{([^{}]*)\}/g, '**$1**')
    .replace(/[ \t]*\\item(?:\[([^\]]*)\])?/g, '\n- $1')
    .replace(
      /[ \t]*\\(?:State|Statex|Require|Ensure|EndFor|EndWhile|EndIf|EndProcedure|EndFunction)(?![a-zA-Z])/g,
      '\n\n',
    )
    .replace(/[ \t]*\\(For|ForAll|While|If|Procedure|Function|Return)(?![a-zA-Z])/g, (_, word: string) => {
      return `\n\n**${word.toLowerCase()}** `;
    })
    .replace(/\\(?:begin|end)\{[^{}]*\}(?:\[[^\]]*\])?/g, '\n\n')
    .replace(/\\[a-zA-Z]+\*?(?:\[[^\]]*\])?/g, '')
    .replace(/(?<!\\)[{}]/g, '')
    .replace(/^[ \t]+/gm, '')
    .replace(/~/g, ' ');
}

const plainHtml = (text: string): string =>
  text
    .split(/\n[ \t]*\n+/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => `<p class="plain">${escaped(paragraph)}</p>`)
    .join('\n');

/** Returns a page's HTML, with each formula and the cards after each paragraph filled in. */
export function proseHtml(
  page: Page,
  formula: (fragment: number) => string,
  after: (fragments: number[]) => string,
): string {
  const text = withPlaceholders(page);
  const html =
    page.format === 'text' ? plainHtml(text) : markdownHtml(page.format === 'latex' ? markdownOf(text) : text);
  let seen: number[] = [];
  const flushed = (): string => {
    const cards = seen.length === 0 ? '' : after(seen);
    seen = [];
    return cards;
  };
  const filled = html.replace(events, (token, index: string | undefined) => {
    if (index !== undefined) {
      seen.push(Number(index));
      return formula(Number(index));
    }
    return token === '</li>' ? flushed() + token : token + flushed();
  });
  return filled + flushed();
}

/** Returns the title of a page: its first heading, without formulas. */
export function headingOf({ source, format }: Page): string | undefined {
  const [, title] =
    (format === 'latex' ? /\\title\{([^{}]*)\}/ : /^#{1,2}[ \t]+([^\n$]+?)[ \t#]*$/m).exec(source.text) ?? [];
  return title?.replace(/[*_`]/g, '').trim();
}
