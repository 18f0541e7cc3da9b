/** Fine-tuning by low-rank adapters. */

import { ArgumentError, noGrad, type Parameter, parameter, Random, type Tensor, type Variable } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { dropout, Module, MultiHeadAttention, SpectralNorm, WeightNorm } from '@tapegrad/nn';
import { type Adaptable, initialWeights, type LowRank, lowRankOf } from './low-rank.ts';
import { predicateOf, type Selector } from './selector.ts';

/** The options of `lora`. */
export interface LoraOptions {
  /**
   * The layers to adapt: dense layers, convolutions, and attention, whose four projections are dense layers. Defaults to
   * all of them.
   */
  readonly layers?: Selector<Module>;
  /**
   * The inner size of an adapter: its first weight maps the layer's input to this many features, and its second weight
   * maps these to the layer's output.
   */
  readonly rank: number;
  /** The scale of the adapters: the change of a layer is multiplied by alpha / rank. Defaults to `rank`. */
  readonly alpha?: number;
  /** The probability of dropping an element of an adapter's input while training. Defaults to 0. */
  readonly dropout?: number;
  /** The generator that draws the initial weights and the dropout masks. */
  readonly random: Random;
}

/** The two small weights of an adapted layer. */
class Adapter extends Module {
  /** Maps the layer's input to the `rank` features. */
  readonly down: Parameter;
  /** Maps the `rank` features to the layer's output. */
  readonly up: Parameter;
  readonly #lowRank: LowRank;
  readonly #scale: number;
  readonly #dropout: number;
  readonly #random: Random;

  constructor(layer: Adaptable, lowRank: LowRank, scale: number, { dropout: p = 0, random }: LoraOptions) {
    super();
    const { down, up } = initialWeights(lowRank, layer.weight as Parameter, random);
    this.down = parameter(down);
    this.up = parameter(up);
    this.#lowRank = lowRank;
    this.#scale = scale;
    this.#dropout = p;
    this.#random = random;
  }

  /** Returns the tensor to add to the layer's result. */
  forward(x: Tensor): Tensor {
    const kept = this.training && this.#dropout > 0 ? dropout(x, this.#dropout, this.#random) : x;
    return this.#lowRank.apply(kept, this.down, this.up).mul(this.#scale);
  }

  /** Returns the change of the layer's weight that has the same effect as adding `forward(x)` to the layer's result. */
  change(): Tensor {
    return noGrad(() => this.#lowRank.product(this.down, this.up).mul(this.#scale).detach());
  }
}

/** A layer with its adapter. */
interface Adapted {
  readonly path: string;
  readonly layer: Adaptable;
  readonly adapter: Adapter;
  /** The weight before the adapter was merged. */
  original: Tensor | undefined;
}

const adapted = new WeakSet<Module>();

/**
 * The low-rank adapters of a model. This module contains the adapters and not the model: `parameters()` and `state()`
 * return only the adapters' parameters and state, under the paths of the layers. `forward` runs the model with its
 * adapters.
 *
 * The model's own weights are not trained, and the model stays in evaluation mode while the adapters are trained.
 */
export class Lora<M extends Module = Module> extends Module {
  readonly #model: M;
  readonly #adapted: readonly Adapted[];
  readonly #adapters: Readonly<Record<string, Adapter>>;
  /** The generator that the dropout masks are drawn from. */
  readonly random: Random;
  #isMerged = false;

  constructor(model: M, layers: readonly Adapted[], random: Random) {
    super();
    this.#model = model;
    this.#adapted = layers;
    this.#adapters = Object.fromEntries(layers.map(({ path, adapter }) => [path, adapter]));
    this.random = random;
    for (const { layer, adapter } of layers) this.#install(layer, adapter);
    model.eval();
  }

  protected override members(): object {
    return this.#adapters;
  }

  /** The model that is adapted. */
  get #base(): { forward(...args: readonly unknown[]): unknown } & Module {
    return this.#model as never;
  }

  /** Runs the adapted model, with the arguments of the model's own `forward`. */
  forward(...args: ForwardArguments<M>): ForwardResult<M> {
    return this.#base.forward(...args) as ForwardResult<M>;
  }

  /** Makes a layer add its adapter's result to its own. */
  #install(layer: Adaptable, adapter: Adapter): void {
    const own = (layer as { forward(x: Tensor): Tensor }).forward.bind(layer);
    const value = (x: Tensor): Tensor => (this.#isMerged ? own(x) : own(x).add(adapter.forward(x)));
    Object.defineProperty(layer, 'forward', { value, configurable: true, writable: true });
    adapted.add(layer);
  }

  /** Whether the adapters have been added to the model's weights, by `merge`. */
  get isMerged(): boolean {
    return this.#isMerged;
  }

  /**
   * Adds the adapters to the model's weights. The model then gives the same results as with the adapters, up to
   * rounding, but is as fast as without them. Its `state()` contains the merged weights. The adapters can't be trained
   * until `unmerge`.
   *
   * @throws ArgumentError if they are merged already, or if a weight is shared with another layer, which would change
   *   too.
   */
  merge(): this {
    if (this.#isMerged) throw new ArgumentError('Lora.merge: the adapters are merged already; call unmerge first');
    checkUnshared(this.#model, this.#adapted);
    for (const entry of this.#adapted) {
      const weight = entry.layer.weight as Parameter;
      entry.original = weight.detach();
      assign(weight, weight.detach().add(entry.adapter.change()));
    }
    this.#isMerged = true;
    return this;
  }

  /**
   * Removes the adapters from the model's weights again. This restores the weights from before `merge` bit for bit;
   * weights that have changed since then have the adapters subtracted instead.
   *
   * @throws ArgumentError if they are not merged.
   */
  unmerge(): this {
    if (!this.#isMerged) throw new ArgumentError('Lora.unmerge: the adapters are not merged');
    for (const entry of this.#adapted) {
      const weight = entry.layer.weight as Parameter;
      const change = entry.adapter.change();
      const isUnchanged = sameElements(weight.detach(), entry.original!.add(change));
      assign(weight, isUnchanged ? entry.original! : weight.detach().sub(change));
      entry.original = undefined;
    }
    this.#isMerged = false;
    return this;
  }

  /**
   * Removes the adapters from the model. The model then computes what it computed before `lora`, but if the adapters
   * are merged, it keeps their effect.
   */
  remove(): M {
    for (const { layer } of this.#adapted) {
      Reflect.deleteProperty(layer, 'forward');
      adapted.delete(layer);
    }
    return this.#model;
  }

  protected override settings(): string {
    return `${this.#adapted.length} adapters of ${this.#model.constructor.name}`;
  }
}

/** The arguments of a model's `forward`. */
type ForwardArguments<M> = M extends { forward(...args: infer Args): unknown } ? Args : never;

/** The result of a model's `forward`. */
type ForwardResult<M> = M extends { forward(...args: never): infer R } ? R : never;

const assign = (variable: Variable, value: Tensor): void => variable.update((elements) => elements.set(value.data));

const sameElements = (a: Tensor, b: Tensor): boolean => {
  const { data } = b;
  return a.data.every((x: number, i: number) => Object.is(x, data[i]));
};

/** Throws if the weight of an adapted layer also belongs to another layer. */
function checkUnshared(model: Module, layers: readonly Adapted[]): void {
  const holders = new Map<unknown, number>();
  for (const module of model.modules().values()) {
    for (const value of Object.values(module)) holders.set(value, (holders.get(value) ?? 0) + 1);
  }
  const shared = layers.find(({ layer }) => (holders.get(layer.weight) ?? 0) > 1);
  if (shared === undefined) return;
  throw new ArgumentError(`Lora.merge: another layer shares the weight of '${shared.path}', and would change too`);
}

/** Returns the layers to adapt: those selected, and the projections of selected attention. */
function chosenLayers(model: Module, selector: Selector<Module> | undefined): Map<string, Adaptable> {
  const isSelected = selector === undefined ? () => true : predicateOf('lora', selector);
  const modules = model.modules();
  const computed = new Set(
    [...modules.values()].flatMap((module) =>
      module instanceof WeightNorm || module instanceof SpectralNorm ? [module.layer as Module] : [],
    ),
  );
  const chosen = new Map<string, Adaptable>();
  for (const [path, module] of modules) {
    if (!isSelected(path, module)) continue;
    const parts = module instanceof MultiHeadAttention ? [...module.children()] : [['', module] as const];
    for (const [name, part] of parts) {
      // A model that is a single layer has an empty path.
      const own = [path, name].filter((each) => each !== '').join('.') || 'layer';
      if (lowRankOf(part, 1) === undefined) continue;
      if (computed.has(part)) {
        throw new ArgumentError(`lora: the weight of '${own}' is computed by a normalisation; leave it out of layers`);
      }
      if (adapted.has(part)) throw new ArgumentError(`lora: '${own}' has an adapter already; remove() it first`);
      chosen.set(own, part as Adaptable);
    }
  }
  return chosen;
}

/**
 * Adds low-rank adapters to layers of a trained model (Hu et al. 2021, "LoRA: low-rank adaptation of large language
 * models"). A layer with weight W then computes with W + alpha / rank A B, where A and B are small weights. Only these
 * are trained, and only these are saved. B starts at 0, so that the adapters change nothing at first.
 *
 * For a convolution, A has the layer's kernel size and B a kernel of size 1; for a transposed convolution, A has a
 * kernel of size 1 and B the layer's kernel size. With groups, each group has its own A and B.
 *
 * @throws ArgumentError if no layer is selected, a layer has an adapter already, or an option is out of range.
 * @example
 * const random = new Random(1);
 * const model = new Sequential(new Dense(8, 8, { random }), new ReLU(), new Dense(8, 2, { random }));
 * const adapters = lora(model, { layers: '0', rank: 2, random });
 * [...adapters.namedParameters().keys()]; // ['0.down', '0.up']
 * const optimizer = new SGD(adapters.parameters(), { learningRate: 0.1 });
 * optimizer.minimize(() => mse(adapters.forward(ones([4, 8])), ones([4, 2])));
 * const before = adapters.forward(ones([4, 8]));
 * adapters.merge();
 * before.sub(model.forward(ones([4, 8]))).abs().max().item() < 1e-6; // true
 */
export function lora<M extends Module>(model: M, options: LoraOptions): Lora<M> {
  checkOptions('lora', options, ['layers', 'rank', 'alpha', 'dropout', 'random']);
  if (!(model instanceof Module)) throw new ArgumentError(`lora: expected a model, got ${describeValue(model)}`);
  const { layers, rank, alpha = rank, dropout: p = 0, random } = options ?? {};
  check('rank', rank, Number.isInteger(rank) && rank > 0, 'an integer above 0');
  check('alpha', alpha, Number.isFinite(alpha), 'a finite number');
  check('dropout', p, p >= 0 && p < 1, 'a number >= 0 and < 1');
  check('random', random, random instanceof Random, 'a generator');
  const chosen = chosenLayers(model, layers);
  if (chosen.size === 0) {
    const kinds = 'dense layers, convolutions or attention';
    const known = [...model.modules().keys()].filter((path) => path !== '').join(', ');
    throw new ArgumentError(`lora: expected layers that select ${kinds}, got none of ${known || `${model}`}`);
  }
  const all = Array.from(chosen, ([path, layer]): Adapted => {
    const adapter = new Adapter(layer, lowRankOf(layer, rank)!, alpha / rank, options);
    return { path, layer, adapter, original: undefined };
  });
  return new Lora(model, all, random);
}

function check(name: string, value: unknown, isAllowed: boolean, wanted: string): void {
  if (isAllowed) return;
  const got = value === undefined ? 'missing' : describeValue(value);
  throw new ArgumentError(`lora: ${name} is ${got}, expected ${wanted}`);
}
