/** Evaluates nodes in float64 for given data, each only once. */

import { callPrimitive, type Kernels, NdArray, type Primitive, plain, type Shape, sizeOf } from '@tapegrad/kernels';
import { eliminated } from './elimination.ts';
import { sampleFor } from './functions.ts';
import type { Application, Node } from './graph.ts';

/** Returns the elements in row-major order. */
export function elementsOf(array: NdArray): Float64Array {
  const { data, shape, stride, offset } = array;
  const size = sizeOf(shape);
  const result = new Float64Array(size);
  const index = shape.map(() => 0);
  for (let i = 0; i < size; i++) {
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) at += index[axis]! * stride[axis]!;
    result[i] = Number(data[at]);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return result;
}

const array = (data: Float64Array, shape: Shape): NdArray => new NdArray(data, 'float64', shape);

/** The values of nodes for given data. */
export class Floats {
  readonly #values = new Map<Node, NdArray>();
  readonly #leaf: (name: string, shape: Shape) => Float64Array;
  readonly #kernels: Kernels<NdArray> = plain;
  /** The values for slightly perturbed data, if such data were drawn. */
  readonly nudged: Floats | undefined;

  constructor(leaf: (name: string, shape: Shape) => Float64Array, nudged?: Floats) {
    this.#leaf = leaf;
    this.nudged = nudged;
  }

  valueOf(node: Node): NdArray {
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    for (const at of this.#missing(node)) this.#values.set(at, this.#run(at));
    return this.#values.get(node)!;
  }

  /** Returns a node's elements, in row-major order. */
  elements(node: Node): Float64Array {
    return elementsOf(this.valueOf(node));
  }

  /** Returns new values in which a node has the given value. All other nodes are evaluated again. */
  with(node: Node, value: Float64Array): Floats {
    const other = new Floats(this.#leaf);
    other.#values.set(node, array(value, node.shape));
    return other;
  }

  #missing(node: Node): Node[] {
    const seen = new Set<Node>();
    const ahead = [node];
    for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
      if (seen.has(at) || this.#values.has(at)) continue;
      seen.add(at);
      ahead.push(...at.inputs);
    }
    return [...seen].sort((a, b) => a.id - b.id);
  }

  #run({ op, inputs, attributes, shape }: Node): NdArray {
    const [x] = inputs.map((input) => this.#values.get(input)!);
    switch (op) {
      case 'leaf':
        return array(this.#leaf(attributes as string, shape), shape);
      case 'alias':
        return x!;
      case 'apply': {
        const { fn, order } = attributes as Application;
        const { sample } = sampleFor(fn);
        return array(
          elementsOf(x!).map((element) => sample(element, order)),
          shape,
        );
      }
      case 'inverse':
        return array(eliminated(elementsOf(x!), shape[0]!).inverse, shape);
      case 'det':
        return array(Float64Array.of(eliminated(elementsOf(x!), inputs[0]!.shape[0]!).det), shape);
      case 'logdet':
        return array(Float64Array.of(Math.log(Math.abs(eliminated(elementsOf(x!), inputs[0]!.shape[0]!).det))), shape);
      default: {
        const operands = inputs.map((input) => this.#values.get(input)!);
        return callPrimitive(this.#kernels, op as Primitive, operands, attributes);
      }
    }
  }
}
