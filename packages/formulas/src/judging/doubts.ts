/** Finds reasons to doubt the assumed meaning of a step that doesn't hold. If there is one, no verdict is given. */

import { eachLetter, type LetterInfo } from '../meaning/letters/letters.ts';
import type { Equation, Outline } from '../meaning/outline-types.ts';
import { defined, definedPower, isConstant, isNumeric, knownNames, statesDerivative } from '../meaning/sides.ts';
import { bare, type Expression, walk } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import type { Distance, Pair } from './trial.ts';
import { keysIn, type World } from './worlds.ts';

/** Returns the name of a letter that occurs in a formula both in bold and in plain type, without indices. */
function inTwoAlphabets(sides: readonly Expression[]): string | undefined {
  const alphabets = new Map<string, Set<string>>();
  for (const side of sides) {
    walk(side, (e) => {
      if (e.kind !== 'letter' || e.sub.length + e.sup.length > 0 || !/^\p{Lu}/u.test(e.name)) return;
      if (e.alphabet !== 'bold' && e.alphabet !== 'plain') return;
      alphabets.set(e.name, (alphabets.get(e.name) ?? new Set()).add(e.alphabet));
    });
  }
  return [...alphabets].find(([, all]) => all.size > 1)?.[0];
}

/** Returns whether an expression names the point at which it is evaluated: f |_{x = 2}, f'(2). */
function namesPoint(e: Expression): boolean {
  let found = false;
  walk(e, (part) => {
    found ||=
      part.kind === 'at' || (part.kind === 'call' && part.fn.alphabet !== 'upright' && part.args.every(isNumeric));
  });
  return found;
}

interface Doubtful {
  readonly outline: Outline;
  readonly world: World;
  readonly step: Equation;
  readonly statement: number;
}

/** Returns why a step whose sides differ may have another meaning than assumed, or undefined. */
export function doubtOf(
  { outline, world, step, statement }: Doubtful,
  { left, right }: Pair,
  distance: Distance,
): string | undefined {
  const open = [...keysIn(step.left, outline, keysIn(step.right, outline))].find(
    (key) => outline.dependencies.has(key) && !outline.losses.has(key),
  );
  if (open !== undefined) return `it does not hold for every '${open}', and the page does not define '${open}'`;
  const written = writtenDoubt({ outline, step, statement });
  if (written !== undefined) return written;
  const lone = loneFunction(step, outline, world);
  if (lone !== undefined) return `only one side contains '${lone}', and the page does not define it`;
  const isGiven = world.definitions.some(({ body }) => isNumeric(body));
  for (const [side, other, value] of [
    [step.right, step.left, left],
    [step.left, step.right, right],
  ] as const) {
    if (isNumeric(side) && !isNumeric(other) && !namesPoint(other) && (isGiven || value.node.constant === undefined))
      return 'it gives the value at a particular point, and the page does not say which point';
  }
  for (const [side, elements] of [
    [step.left, distance.left],
    [step.right, distance.right],
  ] as const) {
    if (!elements.every((x) => x === 0)) continue;
    const unrelated = unrelatedIn(side, outline, world);
    if (unrelated !== undefined)
      return `the page does not say how the function in ${textOf(unrelated)} depends on the variable`;
    if (statesDerivative(side)) return `as the page is understood, ${textOf(side)} is 0 everywhere`;
  }
  return undefined;
}

/** Returns whether a side lists letters that the page doesn't define, so that the step rather gives them values. */
function listsUndefined(side: Expression, { letters, definitions, aliases }: Outline): boolean {
  const inside = bare(side);
  const cells = inside.kind === 'matrix' ? inside.rows.flat() : inside.kind === 'tuple' ? inside.items : [];
  const isOpen = (cell: Expression): boolean => {
    const letter = bare(cell);
    if (letter.kind !== 'letter') return false;
    const { key } = letters.useOf(letter);
    return ![...definitions, ...aliases].some((definition) => definition.key === key);
  };
  return cells.length > 0 && cells.every(isOpen);
}

/** Returns why a step that doesn't hold may have another meaning, as far as its text shows; undefined if it doesn't. */
export function writtenDoubt({ outline, step, statement }: Omit<Doubtful, 'world'>): string | undefined {
  const twice = inTwoAlphabets(outline.reading.statements[statement]!.sides);
  if (twice !== undefined)
    return `it uses both a bold and a plain '${twice}', and the page does not say how they differ`;
  const other = otherFunction(step, outline);
  if (other !== undefined) return `the page defines '${other}' with another number of arguments`;
  return listsUndefined(step.left, outline) ? 'the page does not define the letters on its left side' : undefined;
}

/** Returns the name of a function that a step calls with another number of arguments than all its definitions have. */
function otherFunction({ left, right }: Equation, { functions, letters }: Outline): string | undefined {
  let found: string | undefined;
  for (const side of [left, right]) {
    walk(side, (e) => {
      if (e.kind !== 'call') return;
      const own = functions.filter(({ key }) => key === letters.useOf(e.fn).key);
      if (own.length > 0 && own.every(({ parameters }) => parameters.length !== e.args.length)) found ??= e.fn.name;
    });
  }
  return found;
}

/** Returns the name of a letter that a step uses without the index that its other occurrences have: eta next to eta^t. */
export function withoutIndex({ left, right }: Equation, { letters }: Outline): string | undefined {
  let found: string | undefined;
  for (const side of [left, right])
    eachLetter(side, (letter) => {
      const { key, members } = letters.useOf(letter);
      if (members.length === 0 && (letters.infoOf(key)?.family ?? 0) > 0) found ??= letter.name;
    });
  return found;
}

/** Collects the keys of the letters in an expression, and of those from which the page computes them. */
function allKeysIn(e: Expression, outline: Outline, definitions: World['definitions']): Set<string> {
  const keys = keysIn(e, outline);
  for (const key of keys) {
    for (const definition of definitions) if (definition.key === key) keysIn(definition.body, outline, keys);
    for (const alias of outline.aliases) if (alias.key === key) keysIn(alias.of, outline, keys);
  }
  return keys;
}

/** Returns the name of a function of which only one side of a step is computed, and that no definition uses. */
function loneFunction({ left, right }: Equation, outline: Outline, { definitions }: World): string | undefined {
  const [a, b] = [left, right].map((side) => allKeysIn(side, outline, definitions)) as [Set<string>, Set<string>];
  const isOpen = (key: string): boolean =>
    a.has(key) !== b.has(key) &&
    outline.reading.notation.functions.has(key) &&
    !outline.losses.has(key) &&
    !definitions.some((definition) => definition.key === key || keysIn(definition.body, outline).has(key)) &&
    !outline.functions.some((fn) => fn.key === key);
  const found = [...a, ...b].find(isOpen);
  return found && outline.letters.infoOf(found)?.name;
}

/**
 * Returns why a step that is wrong as the page is understood may have another meaning, whatever its sides evaluate to, or
 * undefined.
 */
export function misreadingOf(step: Equation, statement: number, outline: Outline, world: World): string | undefined {
  const other = otherDefinition(step, statement, outline);
  if (other !== undefined) return `the page also defines '${other}' otherwise, so this may be another definition`;
  const named = namedFunction(step, outline, world);
  const isClaimed = named !== undefined || ![step.left, step.right].some(statesDerivative);
  const lone = isClaimed ? loneLetter(step, outline, world) : undefined;
  if (lone === undefined) return undefined;
  const unknown = named === undefined ? '' : `it depends on '${named}', `;
  return `${unknown}only one side contains '${lone}', and the page does not define it`;
}

/** Returns the name of the letter or function to which a step gives a value, if another paragraph also defines it. */
function otherDefinition({ left, right }: Equation, statement: number, outline: Outline): string | undefined {
  const { letters, definitions, functions, aliases, reading } = outline;
  const { statements } = reading;
  if (statements[statement]!.sides[0] !== left || statesDerivative(right)) return undefined;
  const inside = bare(left);
  const isCall = inside.kind === 'call' && inside.args.every((arg) => defined(arg) !== undefined);
  const letter = isCall ? inside.fn : (definedPower(left)?.letter ?? defined(left));
  if (letter === undefined || letter.primes > 0) return undefined;
  const { key } = letters.useOf(letter);
  // A formula for a derivative is a claim.
  const isLink = [...keysIn(right, outline, keysIn(left, outline))].some((used) =>
    aliases.some((alias) => alias.key === used),
  );
  const isElsewhere = (one: number): boolean => statements[one]!.block !== statements[statement]!.block;
  const isDefined = [...definitions, ...functions].some(
    (one) => one.key === key && isElsewhere(one.statement) && !statesDerivative(one.body),
  );
  return isDefined && !isLink ? letter.name : undefined;
}

/** Returns the name of a letter that only one side of a step contains, and that nothing else on the page explains. */
function loneLetter(step: Equation, outline: Outline, world: World): string | undefined {
  const { letters, declarations, functions, aliases, losses, reading } = outline;
  const [a, b] = [step.left, step.right].map((side) => allKeysIn(side, outline, world.definitions)) as [
    Set<string>,
    Set<string>,
  ];
  const isOpen = (key: string): boolean =>
    a.has(key) !== b.has(key) &&
    !losses.has(key) &&
    !letters.isIndexName(key) &&
    !reading.notation.functions.has(key) &&
    !world.definitions.some((definition) => definition.key === key) &&
    ![...declarations, ...functions, ...aliases].some((one) => one.key === key);
  const info = [...a, ...b].filter(isOpen).map((key) => letters.infoOf(key));
  const isFixed = ({ sample, name }: LetterInfo): boolean =>
    isConstant(sample) || name === 'I' || (sample.alphabet === 'upright' && knownNames.has(name));
  return info.find((one) => one !== undefined && !isFixed(one))?.name;
}

/**
 * Returns the name of a function whose name is a word, such as CrossEntropyLoss, and that a step depends on. Such a
 * function isn't arbitrary, but the page doesn't define it.
 */
function namedFunction({ left, right }: Equation, outline: Outline, { definitions }: World): string | undefined {
  const { letters, functions, reading } = outline;
  const keys = [left, right].flatMap((side) => [...allKeysIn(side, outline, definitions)]);
  const isOpen = (key: string): boolean =>
    reading.notation.functions.has(key) &&
    !definitions.some((definition) => definition.key === key) &&
    !functions.some((fn) => fn.key === key);
  const found = keys.filter(isOpen).map((key) => letters.infoOf(key));
  return found.find((info) => info?.alphabet === 'upright' && /\p{L}{3}/u.test(info.name) && !knownNames.has(info.name))
    ?.name;
}

/**
 * Finds a derivative with respect to a letter that doesn't occur in the differentiated expression, directly or through
 * definitions.
 */
function unrelatedIn(side: Expression, outline: Outline, { definitions }: World): Expression | undefined {
  let found: Expression | undefined;
  walk(side, (e) => {
    if (e.kind !== 'derivative' || e.mark === 'differential' || found !== undefined) return;
    const keys = allKeysIn(e.of, outline, definitions);
    const isOpen = [...keys].some(
      (key) =>
        outline.losses.has(key) &&
        !definitions.some((definition) => definition.key === key) &&
        !outline.functions.some((fn) => fn.key === key),
    );
    if (!isOpen && e.by.some((by) => ![...keysIn(by, outline)].some((key) => keys.has(key)))) found = e;
  });
  return found;
}
