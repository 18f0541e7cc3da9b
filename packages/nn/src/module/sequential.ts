/** A module that runs layers in order. */

import { checkSynchronous, describeValue } from '@tapegrad/core/extend';
import { ArgumentError, type Shape, type Tensor } from '@tapegrad/core/lean';
import type { Checked, Composed, Input, Output, shapes } from '../layer-shapes.ts';
import { errorAt } from './layer-errors.ts';
import { Module } from './module.ts';
import { counted } from './text-table.ts';

/** A module that maps one tensor to another. */
export interface Layer extends Module {
  forward(x: never): Tensor;
}

/** Throws unless a value is a layer. `mend` tells the user how to pass a list of layers. */
export function checkLayer(call: string, i: number, layer: unknown, mend: string): void {
  if (layer instanceof Module && 'forward' in layer) return;
  const got =
    layer instanceof Module
      ? `${layer}, which has none`
      : Array.isArray(layer)
        ? `an array; ${mend}`
        : describeValue(layer);
  throw new ArgumentError(`${call}: expected a module with a forward as layer ${i}, got ${got}`);
}

/**
 * A module that runs layers in order. Their paths are `0`, `1`, …
 *
 * If the types of the layers declare shapes, the compiler checks that each layer accepts the output of the one before
 * it.
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
      checkLayer('Sequential', i, layer, 'write new Sequential(...layers)');
    });
    this.layers = layers as unknown as Layers;
  }

  protected override members(): object {
    return this.layers;
  }

  forward<S extends Shape>(x: Input<Composed<Layers>, S>): Output<Composed<Layers>, S> {
    let y = x as unknown as Tensor;
    const { layers } = this;
    let i = 0;
    try {
      for (; i < layers.length; i++) y = checkSynchronous('Sequential', layers[i]!.forward(y as never), 'a forward');
    } catch (error) {
      throw errorAt(error, String(i), layers[i]!);
    }
    return y as never;
  }

  protected override settings(): string {
    return counted(this.layers.length, 'layer');
  }
}
