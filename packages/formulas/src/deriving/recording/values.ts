/** Evaluates the nodes of a program in float64 for given data. */

import { Tensor } from '@tapegrad/core';
import { Entry } from '@tapegrad/core/tape';
import { callPrimitive, filled, NdArray, type Primitive, plain, sizeOf } from '@tapegrad/kernels';
import { eliminated } from '../../running/elimination.ts';
import { elementsOf } from '../../running/floats.ts';
import type { Application, Graph, Node } from '../../running/graph.ts';
import { gradients } from '../../running/sweep.ts';
import { isLengthOf } from './axes.ts';
import { type Composite, compositeOf, type OneHot, oneHotOf, pullbackOf } from './composites.ts';
import { isOfMatrix } from './linear-algebra.ts';
import type { RecordedProgram, TransitionDefinition } from './record.ts';

type Leaf = (node: Node) => NdArray;

/** Returns the derivative of order `order` of a transition, as a node computed from the transition's argument. */
export function slopeOf(graph: Graph, { argument, body }: TransitionDefinition, order: number): Node {
  if (order === 0) return body;
  const k = graph.kernels;
  const of = slopeOf(graph, { argument, body }, order - 1);
  const ones = k.full({ shape: of.shape, value: 1, dtype: 'float64' });
  const [slope] = gradients(graph, of, ones, [argument]);
  return slope ?? k.full({ shape: argument.shape, value: 0, dtype: 'float64' });
}

function composed(composite: Composite, x: NdArray): NdArray {
  const k = plain;
  const { name, axes, eps = 0, centered } = composite;
  const number = (value: number): NdArray => filled([], value, 'float64');
  switch (name) {
    case 'softmax':
    case 'logSoftmax':
    case 'logSumExp': {
      const m = k.max(x, axes);
      const e = k.exp(k.sub(x, m));
      const total = k.sum(e, axes);
      if (name === 'softmax') return k.div(e, total);
      const log = k.add(m, k.log(total));
      return name === 'logSumExp' ? log : k.sub(x, log);
    }
    default: {
      const deviation = centered === true ? k.sub(x, k.mean(x, axes)) : x;
      const spread = k.sqrt(k.add(k.mean(k.mul(deviation, deviation), axes), number(eps)));
      return name === 'deviation' ? spread : k.div(deviation, spread);
    }
  }
}

function oneHot({ classes }: OneHot, labels: NdArray, shape: readonly number[]): NdArray {
  const data = new Float64Array(sizeOf(shape));
  elementsOf(labels).forEach((label, i) => {
    data[i * classes + label] = 1;
  });
  return new NdArray(data, 'float64', shape);
}

/** Computes the inverse or a determinant of a matrix. */
function ofMatrix({ op, shape }: Node, x: NdArray): NdArray {
  const { inverse, det } = eliminated(elementsOf(x), x.shape[0]!);
  const elements = op === 'inverse' ? inverse : Float64Array.of(op === 'det' ? det : Math.log(Math.abs(det)));
  return new NdArray(elements, 'float64', shape);
}

/** The values of nodes. */
export class Values {
  readonly #program: RecordedProgram;
  readonly #leaf: Leaf;
  readonly #values = new Map<Node, NdArray>();

  constructor(program: RecordedProgram, leaf: Leaf) {
    this.#program = program;
    this.#leaf = leaf;
  }

  of(node: Node): NdArray {
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    const ahead = [node];
    const missing = new Set<Node>();
    for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
      if (missing.has(at) || this.#values.has(at)) continue;
      missing.add(at);
      ahead.push(...at.inputs);
    }
    for (const at of [...missing].sort((a, b) => a.id - b.id)) this.#values.set(at, this.#run(at));
    return this.#values.get(node)!;
  }

  /** Returns new values in which `node` has the given value. Nodes computed from it use this value. */
  at(node: Node, value: NdArray): Values {
    const inner = new Values(this.#program, this.#leaf);
    inner.#values.set(node, value);
    return inner;
  }

  #run(node: Node): NdArray {
    const { op, inputs, attributes, shape } = node;
    const operands = inputs.map((input) => this.#values.get(input)!);
    if (op === 'leaf') return isLengthOf(attributes) ? filled([], attributes.value, 'float64') : this.#leaf(node);
    if (op === 'alias') return operands[0]!;
    if (op === 'apply') return this.#applied(attributes as Application, operands[0]!);
    if (isOfMatrix(node)) return ofMatrix(node, operands[0]!);
    const composite = compositeOf(node);
    if (composite !== undefined) return composed(composite, operands[0]!);
    const labels = oneHotOf(node);
    if (labels !== undefined) return oneHot(labels, operands[0]!, shape);
    if (op === 'composite') return this.#custom(node, operands);
    return callPrimitive(plain, op as Primitive, operands, attributes);
  }

  /**
   * Evaluates an operation that isn't a primitive by running its definition, or a cotangent of it by running its rule.
   */
  #custom(node: Node, operands: readonly NdArray[]): NdArray {
    const { customs } = this.#program;
    const tensors = operands.map((array) => new Tensor(array));
    const pullback = pullbackOf(node);
    if (pullback === undefined) {
      const { definition, options } = customs.get(node)!;
      return definition.run(tensors, options).array;
    }
    const [g, output, ...inputs] = tensors as [Tensor, Tensor, ...Tensor[]];
    const attributes = customs.get(node.inputs[1]!)!;
    const entry = new Entry<Tensor>('custom', inputs, attributes);
    entry.bind(output);
    return attributes.definition.cotangents(entry, g)[pullback.of]?.array ?? filled(node.shape, 0, 'float64');
  }

  #applied({ fn, order }: Application, x: NdArray): NdArray {
    const definition = this.#program.transitions.get(fn)!;
    return this.at(definition.argument, x).of(slopeOf(this.#program.graph, definition, order));
  }
}
