/** Adds the usual layers to pages that mention a network without defining it, in the page's own letters. */

import type { Reading, Statement } from '../statements/statement.ts';
import {
  bare,
  type CallNode,
  type Expression,
  keyOf,
  type LetterNode,
  letterOf,
  made,
  nowhere,
  number,
  walk,
} from '../syntax/ast.ts';
import { eachLetter } from './letters/letters.ts';
import type { Outline } from './outline-types.ts';

/** The letters of a network's quantities, each with an index as the page writes it. */
interface Roles {
  readonly weight: LetterNode;
  readonly bias: LetterNode | undefined;
  readonly before: LetterNode;
  readonly after: LetterNode;
  readonly link: LetterNode | undefined;
  readonly fn: LetterNode;
  readonly loss: Expression;
  readonly index: string;
}

const isWeightName = (name: string): boolean => /^(?:W|w|Theta|theta|V|U|omega)$/.test(name);
const isBiasName = (name: string): boolean => /^(?:b|c|beta)$/.test(name);
const isLinkName = (name: string): boolean => /^(?:delta|Delta)$/.test(name);

/** Replaces the layer index of a letter. */
function at(letter: LetterNode, index: Expression): LetterNode {
  const inSup = letter.sup.length > 0;
  const [sub, sup] = inSup ? [[], [index]] : [[index], []];
  return { ...letter, ...made, verbatim: false, primes: 0, sub, sup };
}

const plus = (name: string, by: number): Expression => {
  const letter = letterOf(made, name);
  if (by === 0) return letter;
  return { ...made, kind: 'sum', terms: [letter, number(Math.abs(by))], minus: [false, by < 0] };
};

interface Layered {
  readonly sample: LetterNode;
  readonly elements: number;
}

/** Returns the letters with a layer index in statements that make claims. */
function layeredIn(outline: Outline): { letters: Map<string, Layered>; index: string | undefined; calls: CallNode[] } {
  const letters = new Map<string, Layered>();
  const calls: CallNode[] = [];
  let index: string | undefined;
  for (const { statement } of outline.items) {
    for (const side of outline.reading.statements[statement]!.sides) {
      walk(side, (e) => {
        if (e.kind === 'call' && e.fn.primes > 0 && e.args.length === 1) calls.push(e);
      });
      eachLetter(side, (letter) => {
        const { key, members, elements } = outline.letters.useOf(letter);
        const [member] = members;
        if (member === undefined || outline.reading.notation.functions.has(keyOf(letter))) return;
        const inside = bare(member);
        const counter = inside.kind === 'sum' ? bare(inside.terms[0]!) : inside;
        if (counter.kind === 'letter' && /^[a-z]$|^ell$/.test(counter.name)) index ??= counter.name;
        const isPlain = letter.sup.length + letter.sub.length === members.length;
        const known = letters.get(key);
        if (known === undefined || isPlain)
          letters.set(key, { sample: letter, elements: Math.max(elements.length, known?.elements ?? 0) });
      });
    }
  }
  return { letters, index, calls };
}

/** Returns a name that the page doesn't use. */
function freshName(used: ReadonlySet<string>, names: readonly string[]): string {
  return names.find((name) => !used.has(name)) ?? `${names[0]!}0`;
}

function rolesOf(outline: Outline): Roles | undefined {
  const { letters, index = 'l', calls } = layeredIn(outline);
  const all = [...letters.values()];
  const find = (test: (layered: Layered) => boolean): LetterNode | undefined => all.find(test)?.sample;
  const weight = find(({ sample, elements }) => isWeightName(sample.name) || elements === 2);
  const link = find(({ sample }) => isLinkName(sample.name));
  const arguments_ = calls.flatMap(({ args }) =>
    bare(args[0]!).kind === 'letter' ? [bare(args[0]!) as LetterNode] : [],
  );
  const layeredArgument = arguments_.find((letter) => letters.has(outline.letters.useOf(letter).key));
  if (weight === undefined && link === undefined) return undefined;
  const pattern = link ?? weight!;
  const used = new Set(all.map(({ sample }) => sample.name));
  const isOther = ({ sample }: Layered): boolean =>
    !isWeightName(sample.name) &&
    !isBiasName(sample.name) &&
    !isLinkName(sample.name) &&
    sample.name !== layeredArgument?.name &&
    !outline.losses.has(keyOf(sample));
  const after = find(isOther);
  const isCapital = /^\p{Lu}/u.test((layeredArgument ?? after ?? letterOf(made, 'a')).name);
  const styled = (name: string, like: LetterNode): LetterNode => ({
    ...like,
    ...letterOf(made, isCapital ? name.toUpperCase() : name, { alphabet: like.alphabet }),
    sub: like.sub,
    sup: like.sup,
    brackets: like.brackets,
  });
  const like = after ?? layeredArgument ?? pattern;
  const before = layeredArgument ?? styled(freshName(used, ['z', 'u', 's', 'v']), like);
  const activation = after ?? styled(freshName(new Set([...used, before.name]), ['a', 'h', 'o', 'y']), like);
  const fn = calls[0]?.fn ?? letterOf(made, 'sigma');
  const [lossInfo] = [...outline.losses].flatMap((key) => outline.letters.infoOf(key) ?? []);
  const loss = lossInfo?.sample ?? letterOf(made, 'L');
  return {
    weight: weight ?? styled('W', pattern),
    bias: find(({ sample }) => isBiasName(sample.name)),
    before,
    after: activation,
    link,
    fn,
    loss,
    index,
  };
}

const statement = (left: Expression, right: Expression): Statement => ({
  span: nowhere,
  fragment: -1,
  block: -1,
  sides: [left, right],
  relations: ['='],
  ranges: [],
  conditions: [],
  procedure: undefined,
  error: undefined,
});

/** Returns whether a statement was added rather than written on the page. */
export const isSupposed = ({ fragment }: Statement): boolean => fragment < 0;

const product = (a: Expression, b: Expression): Expression => ({
  ...made,
  kind: 'product',
  factors: [a, b],
  marks: [''],
});

/** Returns the statement that defines the link (delta) as a derivative of the loss. */
function linkStatement({ link, before, loss, index }: Roles): Statement[] {
  if (link === undefined) return [];
  const of: Expression = {
    ...made,
    kind: 'derivative',
    mark: 'partial',
    of: loss,
    by: [at(before, plus(index, 0))],
    behind: false,
  };
  return [statement(at(link, plus(index, 0)), of)];
}

/** Returns the statements of the layers, with weights on the left or on the right, and W_l before or after layer l. */
function layerStatements(roles: Roles, isLeft: boolean, shift: number): Statement[] {
  const { weight, bias, before, after, fn, index } = roles;
  const [here, last] = [plus(index, 0), plus(index, -1)];
  const w = at(weight, plus(index, -shift));
  const input = at(after, last);
  const sum = isLeft ? product(w, input) : product(input, w);
  const terms = bias === undefined ? [sum] : [sum, at(bias, plus(index, -shift))];
  const isIndexed = fn.sub.length + fn.sup.length > 0;
  const applied: CallNode = {
    ...made,
    kind: 'call',
    fn: isIndexed ? at(fn, here) : { ...fn, ...made, primes: 0 },
    args: [at(before, here)],
    open: '(',
  };
  return [
    statement(at(before, here), terms.length === 1 ? sum : { ...made, kind: 'sum', terms, minus: [false, false] }),
    statement(at(after, here), applied),
  ];
}

/**
 * Returns the number of products in the order of weights on the left, such as W^T delta or delta a^T, minus the number
 * in the opposite order.
 */
function linksOnTheRight(outline: Outline): number {
  let balance = 0;
  const nameOf = (e: Expression): string => {
    const inside = bare(e.kind === 'transpose' ? e.of : e);
    const letter = inside.kind === 'transpose' ? bare(inside.of) : inside;
    return letter.kind === 'letter' ? letter.name : '';
  };
  const isTransposed = (e: Expression): boolean => e.kind === 'transpose' || bare(e).kind === 'transpose';
  for (const { sides } of outline.reading.statements) {
    for (const side of sides) {
      walk(side, (e) => {
        if (e.kind !== 'product' || e.factors.length < 2) return;
        const [first, last] = [e.factors[0]!, e.factors.at(-1)!];
        const isLink = (part: Expression): boolean => isLinkName(nameOf(part)) || part.kind === 'derivative';
        if (isWeightName(nameOf(first)) && isLink(last)) balance++;
        else if (isLink(first) && isWeightName(nameOf(last))) balance--;
        else if (isLink(first) && isTransposed(last)) balance++;
        else if (isTransposed(first) && isLink(last)) balance--;
      });
    }
  }
  return balance;
}

/**
 * Returns variants of the page's statements with the usual network added, the most likely first. Returns an empty list
 * if nothing is missing.
 */
export function supposedReadings(outline: Outline): Reading[] {
  const { reading, letters } = outline;
  const roles = rolesOf(outline);
  if (roles === undefined) return [];
  const isDefined = (letter: LetterNode): boolean => {
    const { key } = letters.useOf(letter);
    return (
      outline.definitions.some((definition) => definition.key === key) ||
      outline.aliases.some((alias) => alias.key === key)
    );
  };
  const isLossMissing = [...outline.losses].every(
    (key) => !outline.definitions.some((definition) => definition.key === key),
  );
  const isForwardMissing =
    !isDefined(roles.before) &&
    !isDefined(roles.after) &&
    !outline.definitions.some(({ pattern }) => pattern.length > 0);
  const isLinkMissing = roles.link !== undefined && (!isDefined(roles.link) || isForwardMissing);
  const with_ = (added: readonly Statement[]): Reading => ({
    ...reading,
    statements: [...added, ...reading.statements],
  });
  if (!isForwardMissing) return isLinkMissing && isDefined(roles.before) ? [with_(linkStatement(roles))] : [];
  if (!isLossMissing || (outline.losses.size === 0 && roles.link === undefined)) return [];
  const first = linksOnTheRight(outline) >= 0;
  return [
    [first, 0],
    [!first, 0],
    [first, 1],
    [!first, 1],
  ].map(([isLeft, shift]) =>
    with_([...layerStatements(roles, isLeft as boolean, shift as number), ...linkStatement(roles)]),
  );
}
