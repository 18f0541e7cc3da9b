/**
 * Formulas as graphs of primitives: an interpreter whose arrays are nodes, each of which says how it is computed.
 *
 * Equal nodes are one node, so what a page calls by two names, z_4 and h(x) say, is known to be the same.
 */

import { type ArrayLike, abstract, type Kernels, type Primitive, primitives, type Shape } from '@tapegrad/kernels';

import type { Deadline } from './deadline.ts';

/** Operations that are no primitives: data, functions of which nothing is known, linear algebra, compositions by their names. */
export type ExtraOperation = 'leaf' | 'apply' | 'alias' | 'inverse' | 'det' | 'logdet' | 'composite';

export interface Node extends ArrayLike {
  /** In the order in which nodes were made. */
  readonly id: number;
  readonly op: Primitive | ExtraOperation;
  readonly inputs: readonly Node[];
  readonly attributes: unknown;
  /** The number that each element is, where no data are needed to tell. */
  readonly constant: number | undefined;
}

/** A function of each element of which nothing is known, or its derivative of some order. */
export interface Application {
  readonly fn: string;
  readonly order: number;
}

type AnyRun = (...args: readonly unknown[]) => ArrayLike;

const isNode = (x: unknown): x is Node => typeof x === 'object' && x !== null && 'inputs' in x && 'op' in x;

/** No formula of a page takes more nodes than this. */
const most = 400_000;

/** A formula that takes too much to evaluate. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** The value of a node that is computed from numbers alone, each element being the same. */
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

/** Makes nodes. */
export class Graph {
  readonly kernels: Kernels<Node>;
  /** When what is evaluated now has to be done. */
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

  /** Notes that something was done, and looks at the time now and then. */
  tick(): void {
    if (++this.#ticks % 256 === 0) this.deadline?.check();
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#count;
  }

  /** What needs no node. */
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

  /** What an exponent that is a number decides: whether it is 0, say, which the rule of powers asks. */
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

  /** The node of an operation, whose result has a shape and a dtype. */
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

  /** Data, by its name. */
  leaf(name: string, shape: Shape): Node {
    return this.make('leaf', [], name, { shape, dtype: 'float64' });
  }

  /** A node of its own for a value, to differentiate by. */
  alias(x: Node, name: string): Node {
    return this.make('alias', [x], name, x);
  }

  apply(x: Node, fn: string, order: number): Node {
    return this.make('apply', [x], { fn, order } satisfies Application, x);
  }

  inverse(x: Node): Node {
    return this.make('inverse', [x], undefined, x);
  }

  /** The determinant of a matrix, [1, 1]. */
  det(x: Node): Node {
    return this.make('det', [x], undefined, { shape: [1, 1], dtype: x.dtype });
  }

  /** log |det x|, [1, 1]. */
  logdet(x: Node): Node {
    return this.make('logdet', [x], undefined, { shape: [1, 1], dtype: x.dtype });
  }
}

/** The nodes that some are computed from, themselves included, in an order in which they can be. */
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
