/** Modules that run layers in a branch beside the input, or in parallel branches. */

import { checkSynchronous, describeValue, formatShape, sameShape } from '@tapegrad/core/extend';
import { ArgumentError, concat, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkLayerOptions } from '../checks.ts';
import type { Checked, Input, Output, ResidualMap, shapes } from '../layer-shapes.ts';
import { errorAt } from './layer-errors.ts';
import { Module } from './module.ts';
import { checkLayer, type Layer, Sequential } from './sequential.ts';
import { counted } from './text-table.ts';

/**
 * A module that computes x + f(x), where f runs the layers in order (He et al. 2016). The layers must keep the shape.
 *
 * @example
 * const block = new Residual(new Dense(4, 8), new ReLU(), new Dense(8, 4));
 * block.forward(zeros([2, 4])).shape; // [2, 4]
 */
export class Residual<const Layers extends readonly Layer[] = readonly Layer[]> extends Module {
  declare readonly [shapes]: ResidualMap<Layers>;
  readonly body: Sequential<Layers>;

  constructor(...layers: Checked<Layers>) {
    super();
    this.body = new Sequential<Layers>(...layers);
  }

  forward<S extends Shape>(x: Input<ResidualMap<Layers>, S>): Output<ResidualMap<Layers>, S> {
    const t = x as unknown as Tensor;
    const y = this.#run(t);
    if (!sameShape(t.shape, y.shape)) {
      const shapes = `${formatShape(t.shape)} became ${formatShape(y.shape)}`;
      throw new ShapeError(`Residual: expected layers that keep the shape, but ${shapes}`);
    }
    return t.add(y) as never;
  }

  #run(x: Tensor): Tensor {
    try {
      return this.body.forward(x as never) as Tensor;
    } catch (error) {
      throw errorAt(error, 'body', this.body);
    }
  }

  protected override settings(): string {
    return counted(this.body.layers.length, 'layer');
  }
}

/** The options of `Parallel`. */
export interface ParallelOptions {
  /** Whether to concatenate the results along an axis (`concat`), or add them (`sum`). Defaults to `concat`. */
  readonly merge?: 'concat' | 'sum';
  /** The axis along which to concatenate results. Defaults to the last. */
  readonly axis?: number;
}

/**
 * A module that passes the same input to several layers and merges their results.
 *
 * @example
 * const both = new Parallel([new Dense(4, 3), new Dense(4, 5)]);
 * both.forward(zeros([2, 4])).shape; // [2, 8]
 */
export class Parallel extends Module {
  readonly branches: readonly Layer[];
  readonly merge: 'concat' | 'sum';
  readonly axis: number;

  constructor(branches: readonly Layer[], options: ParallelOptions = {}) {
    super();
    checkLayerOptions('Parallel', options, ['merge', 'axis']);
    const { merge = 'concat', axis = -1 } = options;
    if (!Array.isArray(branches)) {
      const got = describeValue(branches);
      throw new ArgumentError(`Parallel: expected a list of layers, got ${got}; write new Parallel([layer, layer])`);
    }
    branches.forEach((layer, i) => {
      checkLayer('Parallel', i, layer, 'write new Parallel([...layers])');
    });
    if (branches.length === 0) throw new ArgumentError('Parallel: expected at least one layer, got none');
    if (merge !== 'concat' && merge !== 'sum') {
      throw new ArgumentError(`Parallel: unknown merge '${merge}', expected 'concat' or 'sum'`);
    }
    this.branches = [...branches];
    this.merge = merge;
    this.axis = axis;
  }

  protected override members(): object {
    return this.branches;
  }

  forward(x: Tensor): Tensor {
    const results = this.branches.map((layer, i): Tensor => {
      try {
        return checkSynchronous('Parallel', layer.forward(x as never), 'a forward');
      } catch (error) {
        throw errorAt(error, String(i), layer);
      }
    });
    return this.merge === 'concat' ? concat(results, this.axis) : results.reduce(addAlike);
  }

  protected override settings(): string {
    return `${counted(this.branches.length, 'branch', 'branches')}, ${this.merge}`;
  }
}

/** Adds two results, which must have the same shape. */
function addAlike(x: Tensor, y: Tensor): Tensor {
  if (sameShape(x.shape, y.shape)) return x.add(y);
  const shapes = `${formatShape(x.shape)} and ${formatShape(y.shape)}`;
  throw new ShapeError(`Parallel: expected results of equal shapes to add, got ${shapes}`);
}
