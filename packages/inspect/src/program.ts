/** Reads the tape of a tensor as a program, with names for its inputs and steps. Listings and graphs are made from it. */

import { Parameter, type Tensor } from '@tapegrad/core';
import { formatShape } from '@tapegrad/core/extend';
import { type CustomAttributes, type Entry, tapeOf } from '@tapegrad/core/tape';

/** A tensor that the program uses but does not compute. */
export interface ProgramInput {
  readonly tensor: Tensor;
  readonly kind: 'parameter' | 'input' | 'constant';
  readonly name: string;
}

/** An operation that ran. */
export interface ProgramStep {
  readonly entry: Entry<Tensor>;
  /** The name of the step: `%0`, `%1`, … in order of execution. */
  readonly name: string;
  readonly output: Tensor;
  /** The inputs of the step when it was read. A backward pass that consumes the tape later doesn't change this list. */
  readonly inputs: readonly Tensor[];
}

export interface RecordedProgram {
  readonly inputs: ReadonlyMap<Tensor, ProgramInput>;
  readonly steps: readonly ProgramStep[];
  /**
   * Returns the name of a tensor: the name of the step that computed it, the name of an input, or the value of a
   * constant with one element.
   */
  readonly nameOf: (tensor: Tensor) => string;
}

/** Returns the kind of an input. Tensors with a single element that need no gradient are constants. */
function kindOf(tensor: Tensor): ProgramInput['kind'] {
  if (tensor instanceof Parameter) return 'parameter';
  return tensor.size === 1 && !tensor.requiresGrad ? 'constant' : 'input';
}

/**
 * Creates a function that gives each input a unique name: its own name, with a number added if another input already
 * has that name.
 */
function inputNamer(): (tensor: Tensor, kind: ProgramInput['kind']) => string {
  const uses = new Map<string, number>();
  return (tensor, kind) => {
    if (kind === 'constant') return String(Number(tensor.item().toPrecision(6)));
    const name = tensor.name ?? 'input';
    const use = (uses.get(name) ?? 0) + 1;
    uses.set(name, use);
    return use === 1 && name !== 'input' ? name : `${name} ${use}`;
  };
}

/** Reads the tape of a tensor. @throws TapeError if a backward pass has already consumed the tape. */
export function programOf(root: Tensor): RecordedProgram {
  const inputs = new Map<Tensor, ProgramInput>();
  const names = new Map<Tensor, string>();
  const nameOfInput = inputNamer();
  const steps = tapeOf<Tensor>(root).map((entry, i): ProgramStep => {
    const { inputs: taken, output } = entry;
    for (const tensor of taken) {
      if (tensor.entry !== undefined || inputs.has(tensor)) continue;
      const kind = kindOf(tensor);
      inputs.set(tensor, { tensor, kind, name: nameOfInput(tensor, kind) });
    }
    names.set(output, `%${i}`);
    return { entry, name: `%${i}`, output, inputs: taken };
  });
  const nameOf = (tensor: Tensor): string => names.get(tensor) ?? inputs.get(tensor)?.name ?? formatShape(tensor.shape);
  return { inputs, steps, nameOf };
}

/**
 * Formats the plain data that a step received besides its inputs. Returns '' if the data is visible from the shape of
 * the result.
 */
export function attributesOf({ entry }: ProgramStep): string {
  const { op, attributes } = entry;
  const data = op === 'custom' ? (attributes as CustomAttributes).options : attributes;
  if (data === undefined || op === 'reshape' || op === 'broadcastTo' || op === 'checkpoint') return '';
  return typeof data === 'object' ? JSON.stringify(data).replaceAll('"', '').replaceAll(',', ', ') : String(data);
}
