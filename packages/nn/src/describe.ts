/** Models as tables. */

import { ArgumentError, formatShape, noGrad, type Parameter, type Shape, Tensor, zeros } from '@tapegrad/core';
import type { Module } from './module.ts';
import { formatCount, formatTable } from './table.ts';

export interface DescribeOptions {
  /** An input, or the shape of one of zeros, to run through the module, so that the table tells the output shapes. */
  readonly input?: Shape | Tensor;
}

/** A module that `describe` can run. */
interface Runnable {
  forward(x: Tensor): unknown;
}

const isRunnable = (module: object): module is Runnable => typeof (module as Partial<Runnable>).forward === 'function';

/**
 * A table of the modules in a model: path, kind, output shape where an `input` is given, and how many numbers the
 * parameters of each hold, those of the modules in it included. A parameter beside modules has a row of its own.
 *
 * With an input the model runs once, in evaluation, and is left as it was.
 *
 * @throws ArgumentError where there is an input, and the model has no `forward`.
 * @example
 * describe(new Sequential(new Dense(784, 256), new ReLU()), { input: [64, 784] });
 * // layer  kind                  output     parameters
 * // --------------------------------------------------
 * // 0      Dense(784, 256)       [64, 256]     200,960
 * // 1      ReLU()                [64, 256]           0
 * // --------------------------------------------------
 * // total  Sequential(2 layers)  [64, 256]     200,960
 */
export function describe(model: Module, { input }: DescribeOptions = {}): string {
  const outputs = input === undefined ? undefined : outputShapes(model, input);
  const row = (label: string, kind: string, output: Shape | undefined, count: number): string[] => {
    const shape = outputs === undefined ? [] : [output === undefined ? '' : formatShape(output)];
    return [label, kind, ...shape, formatCount(count)];
  };
  const moduleRow = (label: string, module: Module): string[] =>
    row(label, module.toString(), outputs?.get(module), module.parameterCount);

  const rows: string[][] = [];
  for (const [path, module] of model.modules()) {
    if (module !== model) rows.push(moduleRow(path, module));
    for (const [name, { shape, size }] of parametersBeside(module)) {
      rows.push(row(path === '' ? name : `${path}.${name}`, `Parameter(${shape.join(', ')})`, undefined, size));
    }
  }
  const head = ['layer', 'kind', ...(outputs === undefined ? [] : ['output']), 'parameters'];
  return formatTable(head, rows, moduleRow('total', model));
}

/** The parameters that a module holds beside other modules, by path; none where it holds no modules. */
function parametersBeside(module: Module): [path: string, parameter: Parameter][] {
  const children = [...module.children().keys()];
  if (children.length === 0) return [];
  return [...module.namedParameters()].filter(([path]) => !children.some((child) => path.startsWith(`${child}.`)));
}

/** The shape of the tensor that each module gives in one evaluation of the model. */
function outputShapes(model: Module, input: Shape | Tensor): Map<Module, Shape> {
  if (!isRunnable(model)) throw new ArgumentError(`describe: ${model} has no forward to give the input to`);
  const [first] = model.parameters();
  const x = input instanceof Tensor ? input : zeros(input, first === undefined ? {} : { dtype: first.dtype });

  const outputs = new Map<Module, Shape>();
  const modules = [...model.modules().values()];
  const modes = modules.map(({ training }) => training);
  const own = modules.map((module) => Object.getOwnPropertyDescriptor(module, 'forward'));
  try {
    model.eval();
    for (const module of modules) if (isRunnable(module)) noteOutput(module, (shape) => outputs.set(module, shape));
    noGrad(() => model.forward(x));
  } finally {
    modules.forEach((module, i) => {
      module.training = modes[i]!;
      Reflect.deleteProperty(module, 'forward');
      if (own[i] !== undefined) Object.defineProperty(module, 'forward', own[i]);
    });
  }
  return outputs;
}

/** Puts a `forward` in front of a module's own that also tells the shape of its result. */
function noteOutput(module: Runnable, note: (shape: Shape) => void): void {
  const { forward } = module;
  const value = (...args: [Tensor]): unknown => {
    const output = forward.apply(module, args);
    if (output instanceof Tensor) note(output.shape);
    return output;
  };
  Object.defineProperty(module, 'forward', { value, configurable: true });
}
