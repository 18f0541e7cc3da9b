/** Prints the tape as text. */

import type { Tensor } from '@tapegrad/core';
import { formatShape } from '@tapegrad/core/extend';
import { attributesOf, programOf } from './program.ts';

/**
 * Prints the tape of a tensor as a program. First come the parameters and inputs, and then one line for each primitive
 * that ran, with its operands and output shape.
 *
 * @throws TapeError if a backward pass has already consumed the tape.
 * @example
 * const w = parameter(tensor([[1], [2]]), { name: 'w' });
 * listing(tensor([[3, 4]]).matmul(w).tanh().sum());
 * // input 1                  float32 [1, 2]
 * // w = parameter            float32 [2, 1]
 * // %0 = matmul(input 1, w)  float32 [1, 1]
 * // %1 = tanh(%0)            float32 [1, 1]
 * // %2 = sum(%1, [0, 1])     float32 [1, 1]
 * // %3 = reshape(%2)         float32 []
 */
export function listing(root: Tensor): string {
  const program = programOf(root);
  const typed = ({ dtype, shape }: Tensor): string => `${dtype} ${formatShape(shape)}`;
  const inputs = [...program.inputs.values()]
    .filter(({ kind }) => kind !== 'constant')
    .map(({ kind, name, tensor }) => [kind === 'parameter' ? `${name} = parameter` : name, typed(tensor)] as const);
  const steps = program.steps.map((step) => {
    const taken = [...step.inputs.map(program.nameOf), attributesOf(step)].filter((text) => text !== '');
    return [`${step.name} = ${step.entry.name}(${taken.join(', ')})`, typed(step.output)] as const;
  });
  const lines = [...inputs, ...steps];
  const width = Math.max(0, ...lines.map(([text]) => text.length));
  return lines.map(([text, type]) => `${text.padEnd(width)}  ${type}`).join('\n');
}
