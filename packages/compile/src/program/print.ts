/** Programs as text. */

import { formatShape } from '@tapegrad/kernels';
import type { NamedValues, Program, Step, Value } from './program.ts';

/** The number of elements of a constant that a listing shows. */
const MAX_SHOWN = 4;

const nameOf = ({ id }: Value): string => `%${id}`;
const typeOf = ({ dtype, shape }: Value): string => `${dtype} ${formatShape(shape)}`;
const typed = (value: Value): string => `${nameOf(value)}: ${typeOf(value)}`;
const named = (values: NamedValues): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}: ${nameOf(value)}`)
    .join(', ');

/** Returns plain data as text, with lists and objects on one line. */
function plainData(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(plainData).join(', ')}]`;
  if (typeof data !== 'object' || data === null) return String(data);
  return `{ ${Object.entries(data)
    .map(([key, value]) => `${key}: ${plainData(value)}`)
    .join(', ')} }`;
}

/** Returns a step as one line of text. */
function printStep(step: Step): string {
  if (step.kind === 'check') {
    const { low, high, nan } = step.range;
    const range = `[${low}, ${high}]${nan ? ' or NaN' : ''}`;
    return `check ${step.expected ? 'all' : 'not all'} of ${nameOf(step.value)} within ${range}`;
  }
  if (step.kind === 'change') {
    const operands = [named(step.arrays), named(step.numbers)].filter((text) => text !== '').join('; ');
    return `{ ${named(step.outputs)} } = change ${step.formula.name || 'by a formula'}(${operands})`;
  }
  const operands = step.inputs.map(nameOf);
  if (step.attributes !== undefined) operands.push(plainData(step.attributes));
  return `${typed(step.output)} = ${step.op}(${operands.join(', ')})`;
}

function printConstant({ value, array }: Program['constants'][number]): string {
  if (array.size > MAX_SHOWN || array.shape.length > 1) return typed(value);
  const elements = Array.from({ length: array.size }, (_, i) => array.data[array.offset + i * (array.stride[0] ?? 0)]);
  return `${typed(value)} = ${elements.join(', ')}`;
}

/**
 * Returns a program as text: its inputs, a line for each step, and what it stores and returns.
 */
export function print(program: Program): string {
  const lines = [`program(${program.arguments.map(({ name, value }) => `${name} ${typed(value)}`).join(', ')})`];
  const list = (title: string, items: readonly string[]): void => {
    for (const item of items) lines.push(`  ${title} ${item}`);
  };
  for (const { kind, name, value } of program.slots) lines.push(`  ${kind} ${name} ${typed(value)}`);
  list(
    'draw',
    program.draws.map(({ name, value }) => `${name} ${typed(value)}`),
  );
  list(
    'number',
    program.numbers.map(({ name, value }) => `${name} ${typed(value)}`),
  );
  list('constant', program.constants.map(printConstant));
  for (const step of program.steps) lines.push(`  ${printStep(step)}`);
  list(
    'store',
    program.stores.map(({ slot, value }) => `${nameOf(value)} in ${slot.name} (${nameOf(slot.value)})`),
  );
  lines.push(`  return ${program.results.map(nameOf).join(', ') || 'nothing'}`);
  return lines.join('\n');
}
