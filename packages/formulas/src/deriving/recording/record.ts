/** Records a program as a graph of formulas: the operations that ran on tensors, applied to nodes. */

import { ArgumentError, TapeError, type Tensor } from '@tapegrad/core';
import { kernels } from '@tapegrad/core/extend';
import { type CustomAttributes, type Entry, intercept, type OperationCall, rules } from '@tapegrad/core/tape';
import {
  arity,
  binary,
  comparisons,
  composedNormalization,
  type Normalization,
  type Primitive,
  sameShape,
  unary,
} from '@tapegrad/kernels';
import { links } from '@tapegrad/verify';
import { ancestorsOf, Graph, type Node } from '../../running/graph.ts';
import { Axes, countAlong } from './axes.ts';
import { recognized } from './composites.ts';
import { linearAlgebra } from './linear-algebra.ts';

/** A layer of the program: A = Z W + b, Z' = s(A). */
export interface RecordedLayer {
  /** The path of the layer's parameters. */
  readonly path: string;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly input: Tensor;
  readonly preActivation: Tensor;
  readonly output: Tensor | undefined;
}

/** A transition as a function of one number. */
export interface TransitionDefinition {
  /** The node that is its argument. */
  readonly argument: Node;
  readonly body: Node;
}

interface Call {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: unknown;
}

export interface RecordedProgram {
  readonly graph: Graph;
  readonly axes: Axes;
  readonly loss: Node;
  /** The loss, as a tensor on the tape. */
  readonly tensor: Tensor;
  readonly layers: readonly RecordedLayer[];
  readonly transitions: ReadonlyMap<string, TransitionDefinition>;
  /** The definitions of operations that aren't primitives. */
  readonly customs: ReadonlyMap<Node, CustomAttributes<Tensor>>;
  /** The tensors that leaves represent. */
  readonly leaves: ReadonlyMap<Node, Tensor>;
  /** Returns the node of a tensor, if it has one. */
  readonly nodeOf: (x: Tensor) => Node | undefined;
  /** Whether no gradient flows through a node. */
  readonly isConstant: (node: Node) => boolean;
}

const elementwise: ReadonlySet<string> = new Set([
  ...Object.keys({ ...unary, ...binary, ...comparisons }),
  ...['where', 'cast', 'stopGradient', 'activationGrad'],
]);

/** Operations that move elements without changing them. */
const moves: ReadonlySet<string> = new Set(['slice', 'permute', 'take', 'broadcastTo', 'reshape']);

/** Returns whether each element of a node is a function of the corresponding element of another. */
function isElementwiseOf(node: Node, argument: Node): boolean {
  const seen = new Set<Node>();
  const check = (at: Node): boolean => {
    if (at === argument || seen.has(at)) return true;
    seen.add(at);
    if (at.op === 'full' || at.constant !== undefined) return at.shape.length === 0 || at.constant !== undefined;
    return elementwise.has(at.op) && at.inputs.length > 0 && at.inputs.every(check);
  };
  return node !== argument && check(node);
}

/** Returns a text that is the same for equal transitions. */
function formOf(node: Node, argument: Node): string {
  if (node === argument) return 'a';
  if (node.constant !== undefined && node.inputs.length === 0) return String(node.constant);
  return `${node.op}${JSON.stringify(node.attributes) ?? ''}(${node.inputs.map((input) => formOf(input, argument)).join()})`;
}

const composition = composedNormalization<Tensor>(kernels, (x) => x.elements);

/** Computes a normalisation by the primitives of which it is composed. */
function composed({ inputs, attributes }: OperationCall<Tensor>): Tensor {
  const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor];
  return composition.normalize(x, weight, bias, attributes as Normalization);
}

class Recorder {
  readonly graph = new Graph();
  readonly axes = new Axes();
  readonly leaves = new Map<Node, Tensor>();
  readonly transitions = new Map<string, TransitionDefinition>();
  readonly customs = new Map<Node, CustomAttributes<Tensor>>();
  readonly #calls = new Map<unknown, Call>();
  readonly #nodes = new Map<unknown, Node>();
  readonly #varying = new Set<Node>();
  /** The tensors that count as data although they were computed. */
  named: ReadonlySet<Tensor> = new Set();
  /** The pre-activation and the layer number of each transition, by the transition's output. */
  #outputs = new Map<Tensor, { preActivation: Tensor; layer: number }>();

  run(f: () => Tensor): Tensor {
    const see = (call: OperationCall<Tensor>): Tensor => {
      // A normalisation is written in terms of means.
      if (call.op === 'normalize') return intercept(see, () => composed(call));
      const result = call.run();
      const own: Call = { op: call.op, inputs: call.inputs, attributes: call.attributes };
      this.#calls.set(result, own);
      this.#calls.set(result.array, own);
      return result;
    };
    return intercept<Tensor, Tensor>(see, f);
  }

  withLayers(layers: readonly RecordedLayer[]): void {
    const order = [...new Set(layers.map(({ preActivation }) => preActivation))];
    for (const { preActivation, output } of layers) {
      if (output === undefined || output === preActivation) continue;
      this.#outputs.set(output, { preActivation, layer: order.indexOf(preActivation) + 1 });
    }
  }

  readonly isConstant = (node: Node): boolean => !this.#varying.has(node);

  readonly known = (x: Tensor): Node | undefined => this.#nodes.get(x) ?? this.#nodes.get(x.array);

  #callOf(x: Tensor): Call | undefined {
    if (this.named.has(x) && !x.requiresGrad) return undefined;
    const call = this.#calls.get(x);
    if (call !== undefined) return call;
    const entry = x.entry as Entry<Tensor> | undefined;
    // A detached tensor, or the result of a checkpoint, shares the array of the tensor that was computed.
    const shared = this.#calls.get(x.array);
    if (entry === undefined)
      return shared === undefined || x.requiresGrad
        ? undefined
        : { op: 'stopGradient', inputs: [], attributes: shared };
    if (entry.op === 'checkpoint') return shared;
    return { op: entry.op, inputs: entry.inputs, attributes: entry.attributes };
  }

  nodeOf(root: Tensor): Node {
    const ahead: Tensor[] = [root];
    for (let x = ahead.at(-1); x !== undefined; x = ahead.at(-1)) {
      if (this.#nodes.has(x)) {
        ahead.pop();
        continue;
      }
      const call = this.#callOf(x);
      const own = call?.op === 'stopGradient' && call.inputs.length === 0 ? (call.attributes as Call) : call;
      const missing = (own?.inputs ?? []).filter((input) => !this.#nodes.has(input));
      if (missing.length > 0) {
        ahead.push(...missing);
        continue;
      }
      ahead.pop();
      const made = own === undefined ? this.#leaf(x) : this.#run(own, x);
      const node = own !== call ? this.graph.kernels.stopGradient(made) : made;
      const transition = this.#transitionOf(x, node);
      this.#note(transition, x);
      this.#nodes.set(x, transition);
      if (!this.#nodes.has(x.array)) this.#nodes.set(x.array, transition);
    }
    return this.#nodes.get(root)!;
  }

  #note(node: Node, x: Tensor): void {
    if (node.op !== 'leaf') this.#noteResult(node);
    else if (x.requiresGrad) this.#varying.add(node);
  }

  /** Marks a node, and the nodes it is computed from, as varying where gradients flow through them. */
  #noteAll(node: Node): void {
    for (const at of ancestorsOf([node])) if (at.op !== 'leaf') this.#noteResult(at);
  }

  #noteResult(node: Node): void {
    if (passesGradients(node) && node.inputs.some((input) => this.#varying.has(input))) this.#varying.add(node);
  }

  #leaf(x: Tensor): Node {
    const { graph } = this;
    const isNumber = !x.requiresGrad && !this.named.has(x) && x.size > 0 && (x.rank === 0 || isUniform(x));
    if (isNumber) {
      const dtype = x.dtype === 'float32' ? 'float64' : x.dtype;
      return graph.kernels.full({ shape: x.shape, value: Number(x.elements[0]), dtype });
    }
    const node = graph.make('leaf', [], `leaf ${this.leaves.size}`, {
      shape: x.shape,
      dtype: x.dtype === 'float32' ? 'float64' : x.dtype,
    });
    this.leaves.set(node, x);
    return node;
  }

  #run({ op, inputs, attributes }: Call, x: Tensor): Node {
    const { graph } = this;
    const k = graph.kernels;
    const operands = inputs.map((input) => this.#nodes.get(input)!);
    if (op === 'custom') {
      const { definition, options } = attributes as CustomAttributes<Tensor>;
      const known = linearAlgebra(graph, definition.name, operands, inputs);
      if (known !== undefined) {
        this.#noteAll(known);
        return known;
      }
      const own = { custom: definition.name, options };
      const node = graph.make('composite', operands, own, { shape: x.shape, dtype: 'float64' });
      this.customs.set(node, attributes as CustomAttributes<Tensor>);
      this.#noteResult(node);
      return node;
    }
    if (op === 'mean') {
      const axes = attributes as readonly number[];
      const [of] = operands as [Node];
      return k.div(k.sum(of, axes), countAlong(graph, of, axes));
    }
    // logdet is NaN for a negative determinant. A formula only has to hold where its value is defined, so NaN is left
    // out.
    const isUnless = op === 'where' && Number.isNaN(operands[1]!.constant ?? 0);
    if (isUnless) return operands[2]!;
    if (op === 'cast') {
      const dtype = attributes === 'float32' ? 'float64' : attributes;
      return operands[0]!.dtype === dtype ? operands[0]! : k.cast(operands[0]!, dtype as 'float64');
    }
    if (op === 'full') {
      const full = attributes as Parameters<typeof k.full>[0];
      return k.full({ ...full, dtype: full.dtype === 'float32' ? 'float64' : full.dtype });
    }
    const constant = operands[0]?.constant;
    if (constant !== undefined && moves.has(op)) {
      const { dtype } = operands[0]!;
      return k.full({ shape: x.shape, value: constant, dtype });
    }
    const run = k[op as Primitive] as (...args: readonly unknown[]) => Node;
    const node =
      arity[op as Primitive] === 'variadic' ? run(operands, attributes) : run(...operands, ...extra(attributes));
    this.#noteResult(node);
    return recognized(graph, node, this.isConstant) ?? node;
  }

  /** Returns a layer's transition, as a node computed from the pre-activation. */
  #transitionOf(x: Tensor, node: Node): Node {
    const found = this.#outputs.get(x);
    if (found === undefined) return node;
    const argument = this.#nodes.get(found.preActivation);
    if (argument === undefined || !isElementwiseOf(node, argument)) return node;
    if (!sameShape(node.shape, argument.shape)) return node;
    const fn = `s_${found.layer}`;
    this.transitions.set(fn, { argument, body: node });
    return this.graph.apply(argument, fn, 0);
  }
}

/** Returns whether gradients flow through an operation. */
function passesGradients({ op, dtype }: Node): boolean {
  const rule = op in rules ? rules[op as Primitive] : undefined;
  return dtype === 'float64' && (!Array.isArray(rule) || rule.some((vjp) => vjp !== null));
}

const extra = (attributes: unknown): readonly unknown[] => (attributes === undefined ? [] : [attributes]);

/** Returns whether all elements are 0, or all are 1. Programs create such tensors as constants, not as data. */
function isUniform({ elements }: Tensor): boolean {
  const [first] = elements;
  return (first === 0 || first === 1) && elements.every((element) => element === first);
}

/** Returns whether two transitions are the same function. */
export const sameTransition = (a: TransitionDefinition, b: TransitionDefinition): boolean =>
  formOf(a.body, a.argument) === formOf(b.body, b.argument);

/** Runs a program and records its operations. */
export function recordProgram(f: (() => Tensor) | Tensor, named: () => ReadonlySet<Tensor>): RecordedProgram {
  const recorder = new Recorder();
  const loss = typeof f === 'function' ? recorder.run(f) : f;
  recorder.named = named();
  if (loss.size !== 1)
    throw new ArgumentError(`derive: expected a loss, which is one number, got shape [${loss.shape.join(', ')}]`);
  if (!loss.requiresGrad) throw new TapeError('derive: the loss does not depend on a tensor that requires a gradient');
  const layers = links(loss).map(
    ({ name, weight, bias, input, preActivation, output }): RecordedLayer => ({
      path: name,
      weight,
      bias,
      input,
      preActivation,
      output,
    }),
  );
  recorder.withLayers(layers);
  const node = recorder.nodeOf(loss);
  for (const at of ancestorsOf([node])) recorder.axes.link(at);
  return {
    graph: recorder.graph,
    axes: recorder.axes,
    loss: node,
    tensor: loss,
    layers,
    transitions: recorder.transitions,
    customs: recorder.customs,
    leaves: recorder.leaves,
    nodeOf: recorder.known,
    isConstant: recorder.isConstant,
  };
}
