import {
  type Finding,
  findingsOf,
  reportJson,
  reportMarkdown,
  reportPage,
  reportTable,
  summaryOf,
} from '@tapegrad/inspect';
import { mlp, verify } from '@tapegrad/verify';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Element, parsed, textsOf } from './svg.ts';

/** Formulas that hold, that lack 1/n, and that have a wrong index. */
const report = verify(
  mlp({ bias: false }),
  {
    dW_l: ({ Z, delta }, l) => Z[l - 1]!.transpose().matmul(delta[l]!),
    dZ_L: ({ Z, Y, L }) => Z[L]!.sub(Y).mul(2),
    delta_l: ({ W, delta, slope }, l) => delta[l + 1]!.matmul(W[l]!.transpose()).mul(slope(l)),
  },
  { networks: 10 },
);

const finding = (more: Partial<Finding>): Finding => ({
  name: 'x',
  verdict: 'equal to rounding',
  passed: true,
  message: 'x is equal to rounding',
  evidence: [],
  ...more,
});

describe('findings of a report', () => {
  const findings = findingsOf(report);

  test('tell what is wrong, and on what', () => {
    expect(findings.map(({ verdict }) => verdict)).toEqual([
      'equal exactly',
      'off by the factor n',
      'shapes do not match',
    ]);
    expect(findings.map(({ passed }) => passed)).toEqual([true, false, false]);
    const evidence = Object.fromEntries(findings[2]!.evidence);
    expect(evidence['unequal widths']).toBe('shapes');
    expect(evidence['equal widths']).toBe('numbers');
    expect(evidence['smallest counterexample']).toMatch(/^2 layers, widths \d → \d → \d, 1 point, .*; at layer 1$/);
    expect(Object.fromEntries(findings[0]!.evidence)['central differences']).toMatch(/^the tape is off by \S+, the/);
  });

  test('are summed up', () => {
    expect(summaryOf(findings)).toBe('2 of 3 verdicts are not as expected: dZ_L, delta_l.');
    expect(summaryOf(findings.slice(0, 1))).toBe('All 1 verdicts are as expected.');
  });
});

describe('reportTable', () => {
  test('has a row a formula, and the reason of what fails', () => {
    const lines = reportTable(report, { width: 500 }).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^✓ dW_l {5}equal exactly {8}dW_l is equal exactly/);
    expect(lines[1]).toMatch(/^✗ dZ_L {5}off by the factor n {2}dZ_L is off by the factor n/);
    expect(lines[2]).toMatch(/^✗ delta_l {2}shapes do not match/);
  });

  test.each([40, 60, 80, 120])('keeps to %i columns', (width) => {
    const long = finding({ claim: 'word '.repeat(60) + 'letters'.repeat(30) });
    const lines = reportTable([long, finding({})], { width }).split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(width, 24 + 24));
    expect(lines.join('').replaceAll(/\s/g, '')).toContain('letters'.repeat(30));
  });

  test('says what must be where it is not that the formula holds', () => {
    const wrong = {
      claim: 'c',
      verdict: 'shapes do not match',
      message: 'x has the wrong shape',
      expected: 'numbers differ',
    };
    expect(reportTable([finding(wrong)])).toContain('c (numbers differ)');
    expect(reportTable([finding({ ...wrong, passed: false })])).toContain(
      'expected: numbers differ. But x has the wrong shape',
    );
  });

  test('colours only where it is asked to', () => {
    expect(reportTable(report)).not.toContain('\u001b');
    expect(reportTable(report, { color: true })).toContain('\u001b[31m✗\u001b[0m');
  });
});

describe('reportMarkdown', () => {
  test('is a table that no cell breaks', () => {
    const odd = finding({ claim: 'a | b\n*c* <d>', formula: '(x) =>\n  x | `y`' });
    const [heading, rule, row] = reportMarkdown([odd]).split('\n');
    const cells = (line = '') => line.split(/(?<!\\)\|/).length;
    expect(heading).toBe('|  | name | claim | formula | verdict | finding |');
    expect(cells(rule)).toBe(cells(heading));
    expect(cells(row)).toBe(cells(heading));
    expect(row).toContain("`(x) => x \\| 'y'`");
    expect(row).toContain('a \\| b \\*c\\* \\<d\\>');
  });

  test('leaves out what no finding has', () => {
    expect(reportMarkdown(report).split('\n')[0]).toBe('|  | name | verdict | finding |');
  });
});

describe('reportJson', () => {
  test('holds all that the report does', () => {
    const read = JSON.parse(reportJson(report));
    expect(read.passed).toBe(false);
    expect(read.formulas).toHaveLength(3);
    const { counterexample } = read.formulas[1];
    const { expected } = report.formulas[1]!.counterexample!;
    expect(counterexample.expected).toEqual({ dtype: 'float64', shape: expected.shape, data: [...expected.data] });
  });

  test('has words for what JSON has no numbers for', () => {
    const numbers = [Number.NaN, Infinity, -Infinity].map((x) => ({ ...finding({}), x }));
    expect(JSON.parse(reportJson(numbers)).map(({ x }: { x: string }) => x)).toEqual(['NaN', 'Infinity', '-Infinity']);
  });
});

describe('reportPage', () => {
  const findings = [
    ...findingsOf(report),
    finding({
      name: '<b>&',
      claim: "delta_l <- (W_(l+1)^T delta_(l+1)) * s_l'(a_l) & [z <= 1]",
      formula: '(x) => "<i>"',
      evidence: [['a "term"', '<value>']],
    }),
    finding({ name: 'two lines', formula: '(x) =>\n  x' }),
  ];
  const svg = '<svg class="given"></svg>';
  let page: Element;
  beforeAll(() => {
    const options = { title: 'A <title>', about: 'About & so on', pictures: [{ svg, caption: 'A "caption"' }] };
    page = parsed(reportPage(findings, options));
  });

  test('has a row a finding; what fails is open', () => {
    expect(textsOf(page, '.name')).toEqual(findings.map(({ name }) => name));
    const open = Array.from(page.querySelectorAll('details'), (details) => details.hasAttribute('open'));
    expect(open).toEqual(findings.map(({ passed }) => !passed));
    expect(textsOf(page, '.verdict b')).toEqual(findings.map(({ verdict }) => verdict));
    expect(textsOf(page, '.summary')).toEqual([`✗ ${summaryOf(findings)}`]);
  });

  test('typesets claims, and takes no text for markup', () => {
    expect(textsOf(page, '.claim')[3]).toBe("δl ← (Wl+1T δl+1) ⊙ sl'(al) & [z ≤ 1]");
    expect(textsOf(page, '.claim sub').slice(-5)).toEqual(['l', 'l+1', 'l+1', 'l', 'l']);
    expect(textsOf(page, '.claim sup')).toEqual(['T']);
    expect(page.querySelector('i')).toBeNull();
    expect(textsOf(page, 'h1')).toEqual(['A <title>']);
    expect(textsOf(page, 'dd').at(-1)).toBe('<value>');
  });

  test('shows a formula of one line in its row, and a longer one where the row opens', () => {
    expect(textsOf(page, 'summary pre')).toEqual(['(x) => "<i>"']);
    expect(textsOf(page, '.evidence pre')).toEqual(['(x) =>\n  x']);
  });

  test('stands alone: pictures inside, light and dark, for screens of any width', () => {
    expect(page.querySelectorAll('figure svg.given')).toHaveLength(1);
    expect(textsOf(page, 'figcaption')).toEqual(['A "caption"']);
    const style = page.querySelector('style')?.textContent ?? '';
    expect(style).toContain('prefers-color-scheme:dark');
    expect(style).not.toContain('&');
    expect(page.querySelector('meta[name=viewport]')).not.toBeNull();
  });
});
