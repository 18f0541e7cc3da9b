/** Layers one after the other. */

import { ArgumentError, checkSynchronous, type Shape, type Tensor } from '@tapegrad/core';
import type { Checked, Composed, Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';
import { counted } from './table.ts';

/** A module from one tensor to another. */
export interface Layer extends Module {
  forward(x: never): Tensor;
}

/**
 * Layers one after the other, under the paths `0`, `1`, …
 *
 * Where the types know them, the compiler checks that each layer takes what the one before it gives.
 *
 * @example
 * const model = new Sequential(new Dense(784, 256), new ReLU(), new Dense(256, 10));
 * model.forward(zeros([64, 784])).shape; // [64, 10]
 * model.layers[0].weight.shape; // [784, 256]
 */
export class Sequential<const Layers extends readonly Layer[] = readonly Layer[]> extends Module {
  declare readonly [shapes]: Composed<Layers>;
  readonly layers: Layers;

  constructor(...layers: Checked<Layers>) {
    super();
    layers.forEach((layer, i) => {
      if (layer instanceof Module && 'forward' in layer) return;
      throw new ArgumentError(`Sequential: expected a module with a forward as layer ${i}, got ${layer}`);
    });
    this.layers = layers as unknown as Layers;
  }

  protected override members(): object {
    return this.layers;
  }

  forward<S extends Shape>(x: Input<Composed<Layers>, S>): Output<Composed<Layers>, S> {
    let y = x as unknown as Tensor;
    for (const layer of this.layers) y = checkSynchronous('Sequential', layer.forward(y as never), 'a forward');
    return y as never;
  }

  protected override settings(): string {
    return counted(this.layers.length, 'layer');
  }
}
