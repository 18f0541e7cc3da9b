/**
 * Finds what the letters of a formula mean at its position: their nearest definitions, the nearest definitions of the
 * letters in these, and so on.
 */

import { eachLetter } from '../meaning/letters/letters.ts';
import type { Outline } from '../meaning/outline-types.ts';
import {
  aliasOf,
  containsDerivative,
  defined,
  definedPower,
  isNumeric,
  knownNames,
  samePattern,
} from '../meaning/sides.ts';
import { readAlone } from '../statements/same-letters.ts';
import { headingBetween } from '../statements/sections.ts';
import type { Reading, Statement } from '../statements/statement.ts';
import { bare, type Expression, type LetterNode } from '../syntax/ast.ts';

/** A statement that defines or declares a letter. */
interface Definer {
  readonly statement: number;
  readonly form: Form;
  readonly pattern: readonly Expression[];
  /** Whether it only assigns numbers, as in a numerical example. */
  readonly isNumeric: boolean;
  /** Whether it only names a function that it doesn't define, as y = f(x) does. */
  readonly isAbstract: boolean;
}

/** Returns the letter that a statement defines, if it defines one: `z = …`, `f(x) = …`, `\partial L / \partial z = g`. */
function subjectOf({ sides, relations, error }: Statement): LetterNode | undefined {
  const [left, right] = sides;
  if (error !== undefined || left === undefined || right === undefined) return undefined;
  if (relations[0] !== '=' && relations[0] !== 'define') return undefined;
  const fn = bare(left);
  if (fn.kind === 'call') {
    const isOwn =
      fn.fn.primes === 0 && !knownNames.has(fn.fn.name) && fn.args.every((arg) => defined(arg) !== undefined);
    return isOwn && (aliasOf(right) !== undefined || !containsDerivative(right)) ? fn.fn : undefined;
  }
  if (fn.kind === 'derivative') {
    const link = aliasOf(left) === undefined ? undefined : defined(right);
    return link !== undefined && linkNames.test(link.name) ? link : undefined;
  }
  // y_1 = … + x w + … only shows one term, and is not a definition of y.
  return hasLooseDots(right) ? undefined : (definedPower(left)?.letter ?? defined(left));
}

const linkNames = /^(?:delta|e|epsilon|varepsilon|g|G|Delta|s|beta)$/;

/** Returns whether a sum has dots for omitted terms at its ends. */
function hasLooseDots(e: Expression): boolean {
  const inside = bare(e);
  return inside.kind === 'sum' && [inside.terms[0], inside.terms.at(-1)].some((term) => term?.kind === 'dots');
}

/** Returns whether an expression is f(x), where f may have been taken for a factor. */
function isAbstract(e: Expression): boolean {
  const inside = bare(e);
  if (inside.kind === 'call') return inside.fn.alphabet !== 'upright';
  const [fn, argument, ...others] = inside.kind === 'product' ? inside.factors : [];
  return fn?.kind === 'letter' && argument?.kind === 'group' && others.length === 0;
}

/** Returns whether a definition holds for all indices, unlike the first step of a recursion. */
const isGeneral = ({ pattern }: Definer): boolean => pattern.every((index) => bare(index).kind !== 'number');

/** The most definitions of a section that are left out one by one. */
const mostDropped = 6;

/** The form in which a letter is used: the numbers of its superscript and subscript indices. */
interface Form {
  readonly key: string;
  readonly sup: number;
  readonly sub: number;
}

/** Collects the letters in expressions, in the forms in which they are used. */
function formsOf(sides: readonly Expression[], { letters }: Outline): Form[] {
  const forms = new Map<string, Form>();
  for (const side of sides) {
    eachLetter(side, (letter) => {
      const { key, members, elements } = letters.useOf(letter);
      const sup = Math.min(letter.sup.length, members.length);
      const form = { key, sup, sub: members.length + elements.length - sup };
      forms.set(`${key} ${form.sup} ${form.sub}`, form);
    });
  }
  return [...forms.values()];
}

const keysOf = (sides: readonly Expression[], outline: Outline): string[] =>
  formsOf(sides, outline).map(({ key }) => key);

/** Finds the statements that are needed to understand a formula of a page. */
export class Nearby {
  readonly #outline: Outline;
  readonly #definers: readonly Definer[];
  /** The statements that only say which lengths a letter has. */
  readonly #declaring: ReadonlySet<number>;
  /** The paragraphs that make claims. Assumptions in such a paragraph hold only there. */
  readonly #claiming: ReadonlySet<number>;

  constructor(outline: Outline) {
    this.#outline = outline;
    const { statements } = outline.reading;
    this.#claiming = new Set(
      outline.items.flatMap(({ kind, statement }) => (kind === 'claim' ? [statements[statement]!.block] : [])),
    );
    this.#declaring = new Set(outline.declarations.map(({ statement }) => statement));
    this.#definers = outline.reading.statements.flatMap((of, statement): Definer[] => {
      const isDefinition = !this.#declaring.has(statement) && !outline.updates.has(statement);
      const letter = isDefinition ? subjectOf(of) : undefined;
      if (letter === undefined) return [];
      const { members, elements } = outline.letters.useOf(letter);
      const [form] = formsOf([letter], outline) as [Form];
      return [
        {
          statement,
          form,
          pattern: [...members, ...elements],
          isNumeric: isNumeric(of.sides[1]!),
          isAbstract: isAbstract(of.sides[1]!),
        },
      ];
    });
  }

  /** Returns the part of the page that a statement needs. Definitions of the letters in `open` are left out. */
  readingFor(index: number, open: ReadonlySet<string> = new Set()): Reading {
    const { chosen, seen } = this.#needed(index, open);
    return this.#readingOf(index, chosen, seen);
  }

  /** Returns whether a letter of a statement is defined in several sections, possibly with several meanings. */
  isAmbiguous(index: number): boolean {
    const keys = new Set(keysOf(this.#outline.reading.statements[index]!.sides, this.#outline));
    const first = new Map<string, number>();
    return this.#definers.some(({ form, statement }) => {
      if (!keys.has(form.key)) return false;
      const before = first.get(form.key);
      first.set(form.key, before ?? statement);
      return before !== undefined && this.#isApart(before, statement);
    });
  }

  /**
   * Returns readings with fewer and fewer definitions, since the others may be about other letters of the same name:
   * first those of the statement's section, then one fewer at a time, the farthest first. A letter without a definition
   * is arbitrary, so a formula that holds in such a reading holds for every value of the letter.
   */
  *fewer(index: number): Generator<{ readonly reading: Reading; readonly isSection: boolean }, void, undefined> {
    const { statements } = this.#outline.reading;
    const { chosen } = this.#needed(index, new Set());
    const start = (i: number): number => statements[i]!.span.start;
    const others = [...chosen].filter((i) => i !== index);
    const near = others
      .filter((i) => !this.#isApart(i, index))
      .toSorted((a, b) => Math.abs(start(a) - start(index)) - Math.abs(start(b) - start(index)));
    const first = Math.min(near.length, mostDropped);
    for (let count = first; count >= 0; count--) {
      const kept = new Set([index, ...near.slice(0, count)]);
      const seen = new Set([...kept].flatMap((i) => keysOf(statements[i]!.sides, this.#outline)));
      yield { reading: this.#readingOf(index, kept, seen, true), isSection: count === near.length };
    }
  }

  /** Returns whether there is a heading between two statements. */
  #isApart(a: number, b: number): boolean {
    const { page, statements } = this.#outline.reading;
    const [first, second] = [a, b].map((i) => statements[i]!.span.start).toSorted((x, y) => x - y) as [number, number];
    return headingBetween(page.masked, first, second);
  }

  /** Finds the statements that define the letters of a statement, and the letters that occur in them. */
  #needed(index: number, open: ReadonlySet<string>): { chosen: Set<number>; seen: Set<string> } {
    const { statements } = this.#outline.reading;
    const own = statements[index]!;
    const chosen = new Set([index]);
    const seen = new Set<string>();
    const visit = (forms: readonly Form[], path: readonly string[]): void => {
      for (const form of forms) {
        const { key } = form;
        if (seen.has(key)) continue;
        seen.add(key);
        if (open.has(key)) continue;
        for (const definer of this.#nearest(form, index)) {
          const used = formsOf(statements[definer.statement]!.sides.slice(1), this.#outline);
          // Skips circular definitions: those computed from a letter that is being resolved, and those that give a
          // letter a new value computed from its old one. A mean f of members f_i is neither.
          const isOwn = (other: Form): boolean =>
            other.key === key && definer.pattern.length === 0 && other.sup + other.sub === 0;
          if (used.some((other) => path.includes(other.key) || isOwn(other))) continue;
          chosen.add(definer.statement);
          visit(used, [...path, key]);
        }
      }
    };
    visit(formsOf(own.sides, this.#outline), []);
    return { chosen, seen };
  }

  /** Returns some statements of the page with the declarations and assumptions about their letters. */
  #readingOf(index: number, definers: ReadonlySet<number>, seen: ReadonlySet<string>, isStrict = false): Reading {
    const { reading } = this.#outline;
    const { statements } = reading;
    const { block } = statements[index]!;
    const chosen = new Set(definers);
    statements.forEach(({ sides }, i) => {
      if (isStrict && this.#isApart(i, index)) return;
      const isDeclaration =
        this.#declaring.has(i) && keysOf(sides.slice(0, 1), this.#outline).some((key) => seen.has(key));
      if (isDeclaration || this.#isAssumption(i, seen, block)) chosen.add(i);
    });
    return {
      ...reading,
      statements: readAlone(statements.filter((_, i) => chosen.has(i))),
      mentions: reading.mentions.filter((mention) => this.#appliesIn(mention.block, block)),
    };
  }

  /** Returns whether the assumptions of one paragraph hold in another. */
  #appliesIn(assuming: number, block: number): boolean {
    return assuming === block || !this.#claiming.has(assuming);
  }

  #isAssumption(i: number, seen: ReadonlySet<string>, block: number): boolean {
    const { items, reading } = this.#outline;
    if (!this.#appliesIn(reading.statements[i]!.block, block)) return false;
    return (
      items[i]?.kind === 'assumption' &&
      keysOf(reading.statements[i]!.sides, this.#outline).every((key) => seen.has(key))
    );
  }

  /**
   * Returns the definitions of a letter that apply to a statement: the last ones before it, otherwise the first ones
   * after it.
   */
  #nearest({ key, sup, sub }: Form, index: number): Definer[] {
    const { page, statements } = this.#outline.reading;
    // The numbers of an example say nothing about formulas without numbers.
    const isExample = statements[index]!.sides.some(isNumeric);
    // z_i is not an element of z^l, but of z.
    const fits = ({ form }: Definer): boolean => form.key === key && (sup + sub === 0 || form.sup === sup);
    const all = this.#definers.filter(
      (definer) => definer.statement !== index && fits(definer) && (isExample || !definer.isNumeric),
    );
    const before = all.filter(({ statement }) => statement < index).toReversed();
    // "where y_ij = …" after a formula about y_ij counts more than y = … before it.
    const alike = all.filter(
      ({ form, statement }) =>
        sup + sub > 0 && form.sup === sup && form.sub === sub && !this.#isApart(statement, index),
    );
    const isLater = alike.length > 0 && alike.every(({ statement }) => statement > index);
    // Y means the array, not a row Y_i that was defined since.
    const whole =
      sup + sub === 0 ? before.filter((definer) => definer.pattern.length === 0 && !definer.isAbstract) : [];
    const ordered = isLater ? alike : whole.length > 0 ? whole : before.length > 0 ? before : all;
    const [first] = ordered;
    // G_A is named like G_Z, which is a derivative.
    const like = this.#outline.aliases.find((alias) => alias.key === key)?.statement;
    if (first === undefined) return this.#definers.filter(({ statement }) => statement === like);
    const chosen: Definer[] = [];
    for (const definer of ordered) {
      const [a, b] = [first, definer].map(({ statement }) => statements[statement]!.span.start) as [number, number];
      const isNear = !headingBetween(page.masked, Math.min(a, b), Math.max(a, b));
      if (!isNear || chosen.some(({ pattern }) => samePattern(pattern, definer.pattern))) continue;
      if (chosen.some(isGeneral) && isGeneral(definer)) continue;
      chosen.push(definer);
    }
    return chosen;
  }
}
