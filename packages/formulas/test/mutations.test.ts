/**
 * Changes each line of two pages in some hundred ways, and compares the verdicts with an evaluation that shares no code
 * with the judge. `FORMULAS_MUTANTS=all` tries all changes, which takes long; otherwise a few are drawn for each line.
 */

import { readFileSync } from 'node:fs';
import { type FormulaResult, verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';
import { randomIntegers } from '../src/running/random.ts';
import { isClose, Unfit } from './mutants/arrays.ts';
import { changedFormulas, type Formula } from './mutants/changes.ts';
import { claimLines, definitionLines, definitionStyle, holdsWith } from './mutants/definition-lines.ts';
import { evaluate, type Index, Open, type Setting } from './mutants/expressions.ts';
import { type MatrixLine, matrixLines, matrixSetting, matrixStyle } from './mutants/matrix-lines.ts';
import { type NetworkLine, type NetworkOptions, networkLines, networkStyle, pairsOf } from './mutants/network-lines.ts';
import { normalized, print, type Style } from './mutants/printing.ts';

const all = process.env.FORMULAS_MUTANTS === 'all';
const perLine = all ? 240 : 5;
const random = randomIntegers(Number(process.env.PROPERTY_SEED ?? 1));
const read = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

const printed = (sides: Formula, style: Style): string => sides.map((side) => print(side, style)).join(' = ');

/** Draws this many different formulas that are one change away, or two changes if there are too few. */
function mutantsOf<T>(
  sides: Formula,
  changes: (sides: Formula) => Formula[],
  text: (sides: Formula) => string,
  expect_: (sides: Formula) => T | undefined,
): [string, T][] {
  const found = new Map<string, T>();
  const seen = new Set([normalized(text(sides))]);
  const once = changes(sides);
  const note = (other: Formula): void => {
    const key = normalized(text(other));
    if (seen.has(key)) return;
    seen.add(key);
    const expected = expect_(other);
    if (expected !== undefined) found.set(text(other), expected);
  };
  const shuffled = <V>(list: readonly V[]): V[] => {
    const keyed = list.map((value) => ({ value, key: random() }));
    return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
  };
  for (const other of all ? once : shuffled(once)) if (found.size < perLine) note(other);
  for (let tries = 0; found.size < perLine && tries < 20_000; tries++) {
    const first = once[random() % once.length]!;
    const twice = changes(first);
    if (twice.length > 0) note(twice[random() % twice.length]!);
  }
  return [...found];
}

type Expected = 'holds' | 'does not hold' | 'holds at equal lengths';

/** Returns whether two sides are equal in a setting; `undefined` if that can't be decided. */
function agrees(sides: Formula, setting: Setting, tolerance: number): boolean | undefined {
  try {
    const [first, ...rest] = sides.map((side) => evaluate(side, setting, {}));
    const areFinite = [first!, ...rest].every((x) => x.flat().every(Number.isFinite));
    return areFinite ? rest.every((other) => isClose(first!, other, tolerance)) : undefined;
  } catch (error) {
    if (error instanceof Unfit) return false;
    if (error instanceof Open) return undefined;
    throw error;
  }
}

function expectedOf(line: MatrixLine, sides: Formula): Expected | undefined {
  const tolerance = line.sides[0]!.kind === 'derivative' && line.sides[0]!.order === 2 ? 1e-4 : 1e-6;
  const equal = agrees(sides, matrixSetting(line, true), tolerance);
  if (equal === undefined) return undefined;
  if (!equal) return 'does not hold';
  return agrees(sides, matrixSetting(line, false), tolerance) === true ? 'holds' : 'holds at equal lengths';
}

const isRight = ({ verdict, certainty }: FormulaResult, expected: Expected): boolean =>
  // 0 / 0: differences give a number where the formula has none.
  verdict === 'undecided' ||
  (expected === 'does not hold'
    ? verdict === 'wrong' || verdict === 'not understood'
    : expected === 'holds'
      ? verdict === 'holds' || (verdict === 'conditional' && certainty === 'dimensions')
      : verdict === 'holds' || verdict === 'conditional');

describe('matrix-derivatives.md', () => {
  const text = read('matrix-derivatives.md');
  const lines = text.split('\n');
  const items = lines.filter((line) => /^\d+\. /.test(line));
  // Some lines of the page are kept next to the changed ones, since they determine the layout of derivatives.
  const context = [...lines.slice(0, 4), ...[1, 2, 4, 14, 19].map((n) => items[n - 1]!.replace(/^\d+/, '1'))];

  test.each(matrixLines.map((line, i) => [i + 1, line] as const))('line %i', { timeout: 600_000 }, (number, line) => {
    const own = printed(line.sides, matrixStyle);
    const source = `$${own}$${line.where ?? ''}`;
    expect(normalized(source)).toBe(normalized(items[number - 1]!.replace(/^\d+\. /, '')));
    const letters = ['a', 'b', 'x', 'X', 'A', 'B'].filter((name) => number !== 18 || !/[A-Z]/.test(name));
    const changes = (sides: Formula): Formula[] => changedFormulas(sides, { letters, indices: () => [] });
    const mutants = mutantsOf(
      line.sides,
      changes,
      (sides) => printed(sides, matrixStyle),
      (sides) => expectedOf(line, sides),
    );
    if (all) expect(mutants.length).toBeGreaterThanOrEqual(200);
    const wrong: string[] = [];
    let unread = 0;
    const size = 8;
    for (let start = 0; start < mutants.length; start += size) {
      const chunk = mutants.slice(start, start + size);
      const page = [...context, ...chunk.map(([formula], i) => `${i + 1}. $${formula}$${line.where ?? ''}`)].join('\n');
      const { formulas } = verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 });
      chunk.forEach(([formula, expected], i) => {
        const judged = formulas.find((one) => one.line === context.length + 1 + i)!;
        if (!isRight(judged, expected))
          wrong.push(`${formula}: ${expected}, and judged ${judged.verdict}: ${judged.reason}`);
        if (judged.verdict === 'not understood' || judged.verdict === 'undecided') unread++;
      });
    }
    expect(wrong).toEqual([]);
    if (all) expect(unread).toBeLessThanOrEqual(0.4 * mutants.length);
  });
});

/** Returns whether a formula can't be wrong because it defines a new letter. */
const definesAnother = ([own]: Formula, [left]: Formula): boolean =>
  own?.kind === 'letter' && left?.kind === 'letter' && JSON.stringify(own) !== JSON.stringify(left);

/**
 * Returns the expected verdict on a formula for the page's network: whether it holds for one point, for several, and
 * for a softmax.
 */
function expectedOfNetwork(line: NetworkLine, sides: Formula): NetworkVerdict | undefined {
  if (definesAnother(line.sides, sides)) return undefined;
  const agree = (options: Partial<NetworkOptions>): boolean | undefined => {
    const usual: NetworkOptions = { isBatch: line.isBatch, points: 1, widths: 'unequal', isSoftmax: false };
    try {
      const pairs = pairsOf(sides, line, { ...usual, ...options });
      if (pairs.length === 0) throw new Open();
      return pairs.every(([left, right]) => isClose(left, right, 1e-6));
    } catch (error) {
      if (error instanceof Unfit) return false;
      if (error instanceof Open) return undefined;
      throw error;
    }
  };
  const plain = agree({});
  if (plain === undefined) return undefined;
  if (!plain) return agree({ widths: 'equal' }) === true ? 'conditional' : 'wrong';
  return agree({ points: 3 }) === false || agree({ isSoftmax: true }) === false ? 'conditional' : 'holds';
}

type NetworkVerdict = 'holds' | 'wrong' | 'conditional';

describe('backpropagation.md', () => {
  const text = read('backpropagation.md');
  const steps = (lines: readonly string[]): string => lines.map((line) => `&\\qquad ${line} \\\\`).join(' ');

  /** Inserts formulas next to one of the page's own, and returns their positions. */
  function pageWith(line: NetworkLine, formulas: readonly string[]): string {
    if (line.place !== 'procedure') return `${text}\n${formulas.map((formula) => `$$${formula}$$`).join('\n\n')}\n`;
    const end = '&\\quad \\mathbf{end\\ for}';
    const at = text.lastIndexOf(end);
    return text.slice(0, at) + steps(formulas) + text.slice(at);
  }

  // A page takes seconds; unless all mutants are tested, a few claims represent the others.
  const numbered = networkLines.map((line, i) => [i + 1, line] as const);
  const tried = numbered.filter(([number]) => all || [5, 9, 11, 13].includes(number));

  test.each(tried)('claim %i', { timeout: 3_600_000 }, (_, line) => {
    const say = (sides: Formula): string => sides.map((side) => print(side, networkStyle)).join(` ${line.relation} `);
    const bare = (latex: string): string => normalized(latex).replace(/[&()]/g, '');
    expect(bare(text)).toContain(bare(say(line.sides)));
    const letters = line.isBatch ? ['Z', 'A', 'W', 'delta'] : ['z', 'a', 'W'];
    const indices = ({ name, plus }: Index): Index[] =>
      (name === '' ? [1, 2, 3, 4, 0] : [-1, 0, 1])
        .filter((other) => other !== plus)
        .map((other) => ({ name, plus: other }));
    const changes = (sides: Formula): Formula[] => changedFormulas(sides, { letters, indices });
    const mutants = mutantsOf(line.sides, changes, say, (sides) => expectedOfNetwork(line, sides));
    if (all) expect(mutants.length).toBeGreaterThanOrEqual(200);
    const wrong: string[] = [];
    let unread = 0;
    const size = 10;
    for (let start = 0; start < mutants.length; start += size) {
      const chunk = mutants.slice(start, start + size);
      const page = pageWith(
        line,
        chunk.map(([formula]) => formula),
      );
      const { formulas } = verifyPage(page, { name: 'page.md', mend: false, budget: 60_000 });
      for (const [formula, expected] of chunk) {
        const judged = formulas.find(({ source }) => normalized(source) === normalized(formula))!;
        if (judged.kind === 'step') continue;
        if (judged.verdict === 'not understood') unread++;
        else if (judged.verdict !== expected)
          wrong.push(`${formula}: ${expected}, and judged ${judged.verdict}: ${judged.reason}`);
      }
    }
    expect(wrong).toEqual([]);
    if (all) expect(unread).toBeLessThanOrEqual(0.4 * mutants.length);
  });
});

describe('definitions', () => {
  // The last layer is kept; with another one, the page would describe another network.
  const indices = ({ name, plus }: Index): Index[] =>
    name === '' ? [] : [-1, 0, 1].filter((other) => other !== plus).map((other) => ({ name, plus: other }));
  const alternatives = { letters: ['Z', 'A', 'W'], indices };
  const say = (sides: Formula): string => `$$${printed(sides, definitionStyle)}$$`;
  const judgedWith = (definitions: readonly Formula[]): FormulaResult[] => {
    const lines = [...definitions, ...claimLines.map(([sides]) => sides)].map(say);
    const { formulas } = verifyPage(lines.join('\n\n'), { name: 'page.md', mend: false, budget: 60_000 });
    return claimLines.map((_, i) => formulas.find(({ line }) => line === 2 * (definitions.length + i) + 1)!);
  };

  test('the claims hold as the definitions are', () => {
    expect(claimLines.map((claim) => holdsWith(definitionLines, claim))).toEqual([true, true, true]);
    expect(judgedWith(definitionLines).map(({ verdict }) => verdict)).toEqual(['holds', 'holds', 'holds']);
  });

  test.each(definitionLines.map((line, i) => [i + 1, line] as const))(
    'definition %i: claims that depend on it follow',
    { timeout: 3_600_000 },
    (number, line) => {
      const withOther = (sides: Formula): readonly Formula[] => definitionLines.with(number - 1, sides);
      const changes = (sides: Formula): Formula[] =>
        changedFormulas(sides, alternatives).filter(([left]) => left === line[0]);
      const expectedOf = (sides: Formula): readonly (boolean | undefined)[] | undefined => {
        const expected = claimLines.map((claim) => holdsWith(withOther(sides), claim));
        return expected.includes(undefined) ? undefined : expected;
      };
      const wrong: string[] = [];
      let unread = 0;
      let count = 0;
      const mutants = mutantsOf(line, changes, say, (sides) => {
        const expected = expectedOf(sides);
        return expected && { sides, expected };
      });
      for (const [formula, { sides, expected }] of mutants) {
        judgedWith(withOther(sides)).forEach(({ verdict, text, reason }, i) => {
          count++;
          if (verdict === 'not understood' || verdict === 'undecided') unread++;
          else if ((verdict === 'wrong') === expected[i])
            wrong.push(
              `${formula}: ${text} ${expected[i] ? 'holds' : 'does not hold'}, and judged ${verdict}: ${reason}`,
            );
        });
      }
      expect(wrong).toEqual([]);
      expect(mutants.length).toBeGreaterThanOrEqual(all ? 50 : perLine);
      if (all) expect(unread).toBeLessThanOrEqual(0.4 * count);
    },
  );
});
