/** Finds the tensors of a program by name, and the derivatives of its loss with respect to them. */

import { Parameter, stack, type Tensor } from '@tapegrad/core';
import { tapeOf } from '@tapegrad/core/tape';
import { Inapplicable } from './layered.ts';

/** Returns the named parameters on a tape. */
export function namedParameters(loss: Tensor): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const { inputs } of tapeOf<Tensor>(loss)) {
    for (const x of inputs) if (x instanceof Parameter && x.name !== undefined) found.set(x.name, x);
  }
  return found;
}

/** The named tensors of a program, which formulas can refer to, and their derivatives. */
export class NamedTensors {
  readonly #loss: Tensor;
  readonly #byName: ReadonlyMap<string, Tensor>;

  constructor(loss: Tensor, byName: ReadonlyMap<string, Tensor>) {
    this.#loss = loss;
    this.#byName = byName;
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Returns the named tensor itself, which is on the tape of the loss. */
  variable(name: string): Tensor {
    const x = this.#byName.get(name);
    if (x !== undefined) return x;
    throw new Inapplicable(`the network has no '${name}', but ${this.names.join(', ') || 'no named tensor'}`);
  }

  /** Returns a named tensor after checking that it requires a gradient. */
  #differentiable(name: string): Tensor {
    const x = this.variable(name);
    if (x.requiresGrad) return x;
    throw new Inapplicable(`'${name}' has no gradient: it was created without { requiresGrad: true }`);
  }

  /** Returns dL/dx for a named tensor x, with the shape of x. */
  gradient(name: string): Tensor {
    const x = this.#differentiable(name);
    const gradients = this.#loss.backward({ wanted: [x], retainGraph: true });
    if (gradients.has(x)) return gradients.of(x).detach();
    throw new Inapplicable(`the loss does not depend on '${name}'`);
  }

  /** Returns d²L/dx dy for two named tensors. The axes of x come first, and then those of y. */
  second(name: string, other: string): Tensor {
    const [x, y] = [this.#differentiable(name), this.#differentiable(other)];
    const gradients = this.#loss.backward({ wanted: [x], retainGraph: true, createGraph: true });
    if (!gradients.has(x)) throw new Inapplicable(`the loss does not depend on '${name}'`);
    const flat = gradients.of(x).reshape([x.size]);
    const rows = Array.from({ length: x.size }, (_, i) => {
      const entry = flat.slice(0, i, i + 1).sum();
      const found = entry.requiresGrad ? entry.backward({ wanted: [y], retainGraph: true }) : undefined;
      return found?.has(y) ? found.of(y).detach() : y.detach().mul(0);
    });
    return stack(rows, 0).reshape([...x.shape, ...y.shape]);
  }
}
