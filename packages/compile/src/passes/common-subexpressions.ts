/** Computes equal operations once. */

import type { Operation, Program, Step, Value } from '../program/program.ts';
import { programWith, stepWith } from './replace-values.ts';

/** Returns plain data as text that differs if the data does. JSON would confuse 0 with -0, and NaN with infinities. */
export function textOf(data: unknown): string {
  if (typeof data === 'number') return Object.is(data, -0) ? '-0' : String(data);
  if (Array.isArray(data)) return `[${data.map(textOf).join()}]`;
  if (typeof data !== 'object' || data === null) return JSON.stringify(data) ?? 'undefined';
  return `{${Object.entries(data)
    .map(([key, value]) => `${key}:${textOf(value)}`)
    .join()}}`;
}

const keyOf = ({ op, inputs, attributes, recomputation }: Operation): string =>
  `${op} ${inputs.map(({ id }) => id).join()} ${textOf(attributes)} ${recomputation}`;

/** Returns the program with each of several equal operations replaced by the first one. */
export function withoutCommonSubexpressions(program: Program): Program {
  const replacements = new Map<Value, Value>();
  const by = (value: Value): Value => replacements.get(value) ?? value;
  const firsts = new Map<string, Value>();
  const steps = program.steps.flatMap((step): Step[] => {
    const current = stepWith(step, by);
    if (current.kind !== 'operation') return [current];
    const key = keyOf(current);
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, current.output);
    else replacements.set(current.output, first);
    return first === undefined ? [current] : [];
  });
  return programWith(program, steps, by);
}
