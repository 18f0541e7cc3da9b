/** The command: its output and exit codes. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../src/command/run.ts';
import { reasonFor, textOfBytes } from '../src/command/text-of.ts';

const files: Readonly<Record<string, string>> = {
  'right.md': '$\\frac{d}{dx} x^2 = 2x$',
  'wrong.md': 'We have\n\n$$\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X$$',
  'unclear.md': '$\\frac{d}{dx} x^2 = 2 x \\odot$',
  '-': '$a = b$',
  'words.md': 'Only words.',
};

const saved: Record<string, string> = {};

function run(...args: string[]): { code: number; output: string; errors: string } {
  let [output, errors] = ['', ''];
  const code = runCommand(['--budget=60000', ...args], {
    read: (file) => {
      const text = files[file];
      if (text === undefined) throw new Error('there is no such file');
      return text;
    },
    write: (text) => {
      output += text;
    },
    complain: (text) => {
      errors += text;
    },
    save: (file, text) => {
      if (file.startsWith('/none/')) throw new Error('there is no such folder');
      saved[file] = text;
    },
    version: '1.2.3',
    color: false,
    width: 80,
  });
  return { code, output, errors };
}

test('a wrong formula has a caret, a counterexample and a mend', () => {
  expect(run('wrong.md').output).toBe(`wrong.md:3:3  wrong (numeric)  dtrace(X^2)/dX = 2 X
    $$\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X$$
                                                           ^^^
    the right side is the transpose of the left side; it holds in numerator layout, which the page does not use
    for example X = [2 -1; 3 3]
    left [4 6; -2 6], right [4 -2; 6 6]
    mend (a transpose):
      \\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X^\\top
                                                              ~~~~~

wrong.md: 1 formula, 1 wrong
`);
});

test('what READMEs show is what is printed', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const block = (mark: string): string =>
    new RegExp(`<!-- ${mark} -->\\n\\n\`\`\`\\n(.*?)\`\`\``, 's').exec(readme)?.[1] ?? '';
  let output = '';
  const code = runCommand(['--budget=60000', 'notes.md'], {
    read: () => block('page'),
    write: (text) => {
      output += text;
    },
    complain: () => {},
    save: () => {},
    version: '1.2.3',
    color: false,
    width: undefined,
  });
  expect(code).toBe(1);
  expect(output).toBe(block('verdicts'));
  const [, shown = ''] =
    /```\n(notes\.md:.*?)```/s.exec(readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')) ?? [];
  expect(output).toContain(shown);
  expect(shown).toContain('mend');
});

describe('the code', () => {
  test.each([
    [0, ['right.md']],
    [1, ['wrong.md']],
    [2, ['unclear.md']],
    [1, ['wrong.md', 'unclear.md']],
    [0, ['-']],
    [2, ['none.md']],
    [1, ['wrong.md', 'none.md']],
    [2, []],
    [2, ['--what', 'right.md']],
    [2, ['--budget=no', 'right.md']],
    [1, ['--html', 'wrong.md']],
    [1, ['--html=out.html', 'wrong.md']],
    [2, ['--html=/none/out.html', 'right.md']],
    [2, ['--html=', 'right.md']],
    [2, ['--html', '--json', 'right.md']],
    [2, ['--watch', '-']],
    [0, ['--help']],
    [0, ['--version']],
    [0, ['--budget', '60000', 'right.md']],
    [2, ['--budget']],
    [0, ['--', 'right.md']],
    [2, ['--', '--json']],
    [2, ['--html', 'page.html', 'right.md']],
  ])('%i for %j', (code, args) => {
    expect(run(...args).code).toBe(code);
  });
});

test('what is not understood has a caret', () => {
  expect(run('unclear.md').output).toContain(`
    $\\frac{d}{dx} x^2 = 2 x \\odot$
                            ^^^^^
    expected a formula after '\\odot'
`);
});

test('JSON has each field of each formula', () => {
  const page = JSON.parse(run('--json', 'wrong.md').output) as { formulas: object[] };
  expect(page).toMatchObject({ file: 'wrong.md' });
  expect(page.formulas).toHaveLength(1);
  expect(page.formulas[0]).toMatchObject({
    line: 3,
    source: '\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X',
    kind: 'claim',
    verdict: 'wrong',
    certainty: 'numeric',
    reason:
      'the right side is the transpose of the left side; it holds in numerator layout, which the page does not use',
    counterexample: {
      data: {
        X: [
          [2, -1],
          [3, 3],
        ],
      },
    },
    mend: '\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X^\\top',
    expected: '2 X^T',
  });
  const holds = JSON.parse(run('--json', 'right.md').output) as { formulas: object[] };
  expect(holds.formulas[0]).toMatchObject({
    verdict: 'holds',
    mend: null,
    counterexample: null,
    expected: null,
    place: null,
  });
});

test('a web page is printed, or written beside the table', () => {
  const page = run('--html', 'wrong.md').output;
  expect(page).toMatch(/^<!doctype html>\n/);
  expect(page).toContain('<span class="reason">the right side is the transpose of the left side');
  const { output } = run('--html=out.html', 'wrong.md');
  expect(output).toContain('wrong.md:3:3  wrong');
  expect(saved['out.html']).toBe(page);
});

test('several files, and one that is not there', () => {
  const { output, errors } = run('right.md', 'none.md', 'wrong.md');
  expect(output).toContain('right.md: 1 formula, 1 holds\nwrong.md: 1 formula, 1 wrong\n');
  expect(errors).toBe("tapegrad-verify: none.md can't be read: there is no such file\n");
  expect(JSON.parse(run('--json', 'right.md', 'wrong.md').output)).toHaveLength(2);
  const unread = { file: 'none.md', error: 'there is no such file' };
  expect(JSON.parse(run('--json', 'none.md', 'right.md').output)).toMatchObject([{ file: 'right.md' }, unread]);
  expect(JSON.parse(run('--json', 'none.md').output)).toEqual(unread);
});

test('the reading is shown where it is asked for', () => {
  const page = {
    ...files,
    'net.md':
      '$A_l = Z_{l-1} W_l$, $Z_l = s_l(A_l)$, $Z_0 = X$, $\\frac{\\partial L}{\\partial W_l} = Z_{l-1}^T \\frac{\\partial L}{\\partial A_l}$',
  };
  let output = '';
  runCommand(['--reading', '--budget=60000', 'net.md'], {
    read: (file) => page[file as keyof typeof page]!,
    write: (text) => {
      output += text;
    },
    complain: () => {},
    save: () => {},
    version: '1.2.3',
    color: true,
    width: undefined,
  });
  expect(output).toContain('W_1: 4 x 2, from A_l = Z_(l - 1) W_l');
  expect(output).toContain('derivatives with respect to a matrix have its shape');
  expect(output).toContain('\u001b[32mholds\u001b[0m');
});

test('a misspelt option is corrected, and the version is shown', () => {
  expect(run('--jsn', 'right.md').errors).toBe('tapegrad-verify: unknown option --jsn; did you mean --json?\n');
  expect(run('-w', 'right.md').errors).toBe('tapegrad-verify: unknown option -w; did you mean --watch?\n');
  expect(run('--colour', 'right.md').errors).toBe(
    'tapegrad-verify: unknown option --colour; --help lists the options\n',
  );
  expect(run('--html', 'page.html', 'right.md').errors).toContain('--html=page.html writes it to a file');
  expect(run('--version').output).toBe('1.2.3\n');
});

test('a page without formulas says where formulas are found', () => {
  expect(run('words.md')).toMatchObject({ code: 0, errors: '' });
  expect(run('words.md').output).toContain('words.md: no formulas; they stand between $ signs');
});

test('bytes that are not text are refused, and UTF-16 is read', () => {
  expect(textOfBytes(new TextEncoder().encode('\ufeff$∂$'))).toBe('$∂$');
  expect(textOfBytes(Uint8Array.of(0xff, 0xfe, 0x61, 0, 0x62, 0))).toBe('ab');
  for (const bytes of [
    [0x80, 0x81],
    [0x61, 0, 0x62],
    [0xff, 0xfe, 0, 0xd8],
  ])
    expect(() => textOfBytes(Uint8Array.from(bytes))).toThrow("it isn't text in UTF-8");
  expect(reasonFor(Object.assign(new Error('ENOENT: …'), { code: 'ENOENT' }))).toBe('there is no such file');
  expect(reasonFor(new Error('no luck'))).toBe('no luck');
});
