/** Formats a table of a model's modules. */

import { checkSynchronous, describeValue, formatShape } from '@tapegrad/core/extend';
import { ArgumentError, noGrad, Parameter, type Shape, Tensor, zeros } from '@tapegrad/core/lean';
import { checkLayerOptions } from '../checks.ts';
import { Module, moduleAccess } from './module.ts';
import { join } from './module-parts.ts';
import { formatCount, formatTable } from './text-table.ts';

/** The options of `summary`. */
export interface SummaryOptions {
  /** An input to run through the module, or a shape for an input of zeros. With it, the table shows output shapes. */
  readonly input?: Shape | Tensor;
}

/** A module that `summary` can run. */
interface Runnable {
  forward(x: Tensor): unknown;
}

const isRunnable = (module: object): module is Runnable => typeof (module as Partial<Runnable>).forward === 'function';

/**
 * Returns a table with one row for each module of a model. The columns are path, kind, output shape if an `input` is
 * given, and number of parameter elements, including those of submodules. If a module contains both parameters and
 * submodules, each of its parameters has a separate row.
 *
 * @throws ArgumentError if the model is not a module, or if an input is given and the model has no `forward`.
 * @example
 * summary(new Sequential(new Dense(784, 256), new ReLU()), { input: [64, 784] });
 * // layer  kind                  output     parameters
 * // --------------------------------------------------
 * // 0      Dense(784, 256)       [64, 256]     200,960
 * // 1      ReLU()                [64, 256]           0
 * // --------------------------------------------------
 * // total  Sequential(2 layers)  [64, 256]     200,960
 */
export function summary(model: Module, options: SummaryOptions = {}): string {
  if (!(model instanceof Module)) throw new ArgumentError(`summary: expected a module, got ${describeValue(model)}`);
  checkLayerOptions('summary', options, ['input']);
  const { input } = options;
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
    if (module.children().size === 0) continue;
    for (const { path: name, value } of moduleAccess.placesIn(module)) {
      if (value instanceof Parameter) {
        rows.push(row(join(path, name), `Parameter(${value.shape.join(', ')})`, undefined, value.size));
      }
    }
  }
  const head = ['layer', 'kind', ...(outputs === undefined ? [] : ['output']), 'parameters'];
  return formatTable(head, rows, moduleRow('total', model));
}

/** Runs the model once, and returns for each module the shape of the tensor that it returned last. */
function outputShapes(model: Module, input: Shape | Tensor): Map<Module, Shape> {
  if (!isRunnable(model)) throw new ArgumentError(`summary: ${model} has no forward to run on the input`);
  const [first] = model.parameters();
  const x = input instanceof Tensor ? input : zeros(input, first === undefined ? {} : { dtype: first.dtype });

  const outputs = new Map<Module, Shape>();
  const modules = [...model.modules().values()];
  const modes = modules.map((module) => module.training);
  const own = modules.map((module) => Object.getOwnPropertyDescriptor(module, 'forward'));
  try {
    model.eval();
    for (const module of modules) if (isRunnable(module)) noteOutput(module, (shape) => outputs.set(module, shape));
    noGrad(() => checkSynchronous('summary', model.forward(x), 'a forward'));
  } finally {
    modules.forEach((module, i) => {
      moduleAccess.setTraining(module, modes[i]!);
      Reflect.deleteProperty(module, 'forward');
      if (own[i] !== undefined) Object.defineProperty(module, 'forward', own[i]);
    });
  }
  return outputs;
}

/** Wraps a module's `forward` so that it also passes the shape of its result to `note`. */
function noteOutput(module: Runnable, note: (shape: Shape) => void): void {
  const { forward } = module;
  const value = (...args: [Tensor]): unknown => {
    const output = forward.apply(module, args);
    if (output instanceof Tensor) note(output.shape);
    return output;
  };
  Object.defineProperty(module, 'forward', { value, configurable: true });
}
