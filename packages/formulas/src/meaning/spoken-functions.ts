/** Finds functions that a formula mentions without an argument. After f(x) = …, a plain f means f(x). */

import type { Notation } from '../parsing/cursor.ts';
import {
  bare,
  type CallNode,
  type Expression,
  keyOf,
  type LetterNode,
  made,
  partsOf,
  walk,
  withParts,
} from '../syntax/ast.ts';
import type { Equation, FunctionDefinition, Outline } from './outline-types.ts';
import { textKey } from './sides.ts';

/** Returns the functions that a step mentions without arguments or with the letters of their definition. */
export function spokenFunctions({ left, right }: Equation, outline: Outline): FunctionDefinition[] {
  if (outline.functions.length === 0) return [];
  const found = new Set<FunctionDefinition>();
  const isOwn = ({ args }: CallNode, { parameters }: FunctionDefinition): boolean =>
    args.length === parameters.length && args.every((arg, i) => textKey(bare(arg)) === keyOf(parameters[i]!));
  const visit = (e: Expression): void => {
    for (const fn of outline.functions) {
      const isNamed = e.kind === 'letter' && outline.letters.useOf(e).key === fn.key;
      const isCalled = e.kind === 'call' && outline.letters.useOf(e.fn).key === fn.key && isOwn(e, fn);
      if (isNamed || isCalled) found.add(fn);
    }
    for (const part of partsOf(e)) visit(part);
  };
  for (const side of [left, right]) visit(side);
  return [...found];
}

/** Returns the letter of an argument, which may be written with a change: x of x + h, W of W_{ij} - h. */
export function variableIn(arg: Expression): LetterNode | undefined {
  const inside = bare(arg);
  if (inside.kind === 'letter') return inside.sub.length === 0 ? inside : { ...inside, ...made, sub: [] };
  return inside.kind === 'sum' ? variableIn(inside.terms[0]!) : undefined;
}

/**
 * Adds the arguments of undefined functions that are differentiated without: df/dx of f(x). The arguments are those
 * with which the step, or otherwise the page, calls the function.
 */
export function withArguments(
  step: Equation,
  { functions, variables }: Notation,
  isUndefined: (letter: LetterNode) => boolean,
): Equation {
  const calls = new Map<string, readonly Expression[]>();
  for (const side of [step.left, step.right])
    walk(side, (e) => {
      if (e.kind !== 'call' || calls.has(keyOf(e.fn))) return;
      const args = e.args.map(variableIn);
      if (args.every((arg) => arg !== undefined)) calls.set(keyOf(e.fn), args);
    });
  const argumentsOf = (fn: LetterNode): readonly Expression[] | undefined => {
    const known = variables?.get(keyOf(fn));
    return calls.get(keyOf(fn)) ?? (known?.kind === 'tuple' ? known.items : known && [known]);
  };
  const go = (e: Expression): Expression => {
    const parts = partsOf(e);
    const mapped = parts.map(go);
    const whole = mapped.every((part, i) => part === parts[i]) ? e : { ...withParts(e, mapped), verbatim: e.verbatim };
    if (whole.kind !== 'derivative' || whole.mark === 'differential') return whole;
    const [fn, by] = [bare(whole.of), bare(whole.by[0]!)];
    if (fn.kind !== 'letter' || by.kind !== 'letter' || fn.sub.length + fn.sup.length + fn.primes > 0) return whole;
    const args = functions.has(keyOf(fn)) && isUndefined(fn) ? argumentsOf(fn) : undefined;
    const isOf = args?.some((arg) => bare(arg).kind === 'letter' && keyOf(bare(arg) as LetterNode) === keyOf(by));
    if (args === undefined || !isOf) return whole;
    return { ...whole, of: { span: fn.span, verbatim: fn.verbatim, kind: 'call', fn, args, open: '(' } };
  };
  return { ...step, left: go(step.left), right: go(step.right) };
}
