/**
 * Formulas as graphs of primitives: an interpreter whose arrays are nodes, each of which records how it is computed.
 *
 * Equal nodes are the same object. If a page has two names for a value, such as z_4 and h(x), they are therefore known
 * to be equal.
 */

import { type ArrayLike, abstract, type Kernels, type Primitive, primitives, type Shape } from '@tapegrad/kernels';

import type { Deadline } from './deadline.ts';

/** Operations that aren't primitives: data, unknown functions, linear algebra, named compositions. */
export type ExtraOperation = 'leaf' | 'apply' | 'alias' | 'inverse' | 'det' | 'logdet' | 'composite';

export interface Node extends ArrayLike {
  /** The number of the node, in order of creation. */
  readonly id: number;
  readonly op: Primitive | ExtraOperation;
  readonly inputs: readonly Node[];
  readonly attributes: unknown;
  /** The value of all elements, if it is known without data. */
  readonly constant: number | undefined;
}

/** An unknown elementwise function, or its derivative of a given order. */
export interface Application {
  readonly fn: string;
  readonly order: number;
}

type AnyRun = (...args: readonly unknown[]) => ArrayLike;

const isNode = (x: unknown): x is Node => typeof x === 'object' && x !== null && 'inputs' in x && 'op' in x;

/** The name of the leaf for a number that goes to 0 in a limit. */
export const smallLeaf = 'small number@';

/** The maximum number of nodes for one formula. */
const most = 400_000;

/** Thrown if a formula takes too much memory to evaluate. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** Returns the value of a node that is computed only from numbers, if all its elements are equal. */
function constantOf(op: Node['op'], inputs: readonly Node[], attributes: unknown): number | undefined {
  if (op === 'full') return (attributes as { readonly value: number }).value;
  const [x, y] = inputs.map(({ constant }) => constant);
  if (x === undefined) return undefined;
  if (op === 'neg') return -x;
  if (op === 'broadcastTo' || op === 'reshape' || op === 'alias' || op === 'stopGradient') return x;
  if (y === undefined) return undefined;
  if (op === 'add') return x + y;
  if (op === 'sub') return x - y;
  if (op === 'mul') return x * y;
  return op === 'div' ? x / y : undefined;
}

/** Creates nodes. */
export class Graph {
  readonly kernels: Kernels<Node>;
  /** The deadline of the current evaluation. */
  deadline: Deadline | undefined;
  #ticks = 0;
  readonly #nodes = new Map<string, Node>();
  #count = 0;

  constructor() {
    const run = (op: Primitive) => {
      const typeOf = abstract[op] as AnyRun;
      return (...args: readonly unknown[]): Node => {
        const last = args.at(-1);
        const inputs = args.flat().filter(isNode);
        const attributes = isNode(last) ? undefined : last;
        return this.#simple(op, inputs, attributes) ?? this.make(op, inputs, attributes, typeOf(...args));
      };
    };
    this.kernels = Object.fromEntries(primitives.map((op) => [op, run(op)])) as unknown as Kernels<Node>;
  }

  /** Counts an operation, and checks the deadline at intervals. */
  tick(): void {
    if (++this.#ticks % 256 === 0) this.deadline?.check();
  }

  /** The number of nodes. */
  get size(): number {
    return this.#count;
  }

  /** Simplifies an operation that needs no node of its own. */
  #simple(op: Primitive, inputs: readonly Node[], attributes: unknown): Node | undefined {
    const [x] = inputs as [Node];
    const isSame = (shape: Shape): boolean =>
      shape.length === x.shape.length && shape.every((n, i) => n === x.shape[i]);
    if ((op === 'reshape' || op === 'broadcastTo') && isSame(attributes as Shape)) return x;
    if (op === 'sum' && (attributes as readonly number[]).every((axis) => x.shape[axis] === 1)) return x;
    if (op === 'neg' && x.op === 'neg') return x.inputs[0];
    if (op === 'permute' && x.op === 'permute') {
      const [outer, inner] = [attributes as readonly number[], x.attributes as readonly number[]];
      if (outer.every((axis, i) => inner[axis] === i)) return x.inputs[0];
    }
    return this.#decided(op, inputs, attributes);
  }

  /** Evaluates conditions on constants, such as whether a constant exponent is 0 in the derivative rule for powers. */
  #decided(op: Primitive, inputs: readonly Node[], attributes: unknown): Node | undefined {
    const [x, y, z] = inputs as [Node, Node, Node];
    if (op === 'equal') {
      const [a, b] = [x.constant, y.constant];
      if (a === undefined || b === undefined) return undefined;
      const { shape } = abstract.equal(x, y);
      return this.kernels.full({ shape, value: a === b ? 1 : 0, dtype: 'bool' });
    }
    if (op === 'where') {
      const condition = x.constant;
      return condition === undefined
        ? undefined
        : this.kernels.broadcastTo(condition === 0 ? z : y, abstract.where(x, y, z).shape);
    }
    if (op !== 'activationGrad' || attributes !== 'relu') return undefined;
    const value = y.constant;
    if (value === undefined) return undefined;
    return value === 0 ? this.kernels.full({ shape: x.shape, value: 0, dtype: 'float64' }) : x;
  }

  /** Returns the node of an operation whose result has a given shape and dtype. */
  make(op: Node['op'], inputs: readonly Node[], attributes: unknown, { shape, dtype }: ArrayLike): Node {
    const key = `${op} ${inputs.map(({ id }) => id).join(' ')} ${JSON.stringify(attributes) ?? ''}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    this.tick();
    if (this.#count >= most) throw new TooLarge();
    const constant = constantOf(op, inputs, attributes);
    const node: Node = { id: this.#count++, op, inputs, attributes, shape, dtype, constant };
    this.#nodes.set(key, node);
    return node;
  }

  /** Returns a node that is computed in the same way from other values of some nodes. */
  substituted(root: Node, values: ReadonlyMap<Node, Node>): Node {
    const made = new Map<Node, Node>();
    for (const node of ancestorsOf([root])) {
      const inputs = node.inputs.map((input) => made.get(input)!);
      const isSame = inputs.every((input, i) => input === node.inputs[i]);
      made.set(node, values.get(node) ?? (isSame ? node : this.make(node.op, inputs, node.attributes, node)));
    }
    return made.get(root)!;
  }

  /** Returns a node for data, by its name. */
  leaf(name: string, shape: Shape): Node {
    return this.make('leaf', [], name, { shape, dtype: 'float64' });
  }

  /** Returns a separate node with the value of x, so that derivatives can be taken with respect to this node. */
  alias(x: Node, name: string): Node {
    return this.make('alias', [x], name, x);
  }

  apply(x: Node, fn: string, order: number): Node {
    return this.make('apply', [x], { fn, order } satisfies Application, x);
  }

  inverse(x: Node): Node {
    return this.make('inverse', [x], undefined, x);
  }

  /** Returns the determinant of a matrix, [1, 1]. */
  det(x: Node): Node {
    return this.make('det', [x], undefined, { shape: [1, 1], dtype: x.dtype });
  }

  /** Returns log |det x|, [1, 1]. */
  logdet(x: Node): Node {
    return this.make('logdet', [x], undefined, { shape: [1, 1], dtype: x.dtype });
  }
}

/** Returns the given nodes and all nodes they are computed from, in an order of evaluation. */
export function ancestorsOf(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const ahead = [...roots];
  for (let node = ahead.pop(); node !== undefined; node = ahead.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    ahead.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
