/** PyTorch's names and layouts for the parameters and buffers of a module. */

import { Variable } from '@tapegrad/core';
import {
  BatchNorm1d,
  BatchNorm2d,
  Dense,
  type Module,
  MultiHeadAttention,
  SpectralNorm,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  WeightNorm,
} from '@tapegrad/nn';

/** A parameter or buffer that is part of an entry of a state dict. */
export interface StateDictTensor {
  readonly path: string;
  readonly variable: Variable;
  /** Whether the tensor is transposed in PyTorch. */
  readonly transposed: boolean;
}

/** An array of a state dict: one parameter or buffer, or several that are joined along the first axis. */
export interface StateDictEntry {
  /** The possible names of the entry; the first is PyTorch's usual one. */
  readonly names: readonly string[];
  readonly parts: readonly StateDictTensor[];
}

/** Alternative lists of entries, of which a state dict contains one; the first is PyTorch's usual one. */
export interface Alternatives {
  readonly variants: readonly (readonly StateDictEntry[])[];
}

/** Converts a name from camel case to PyTorch's snake case: `weightIhL0` to `weight_ih_l0`. */
const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const joined = (prefix: string, name: string): string =>
  prefix === '' || name === '' ? prefix + name : `${prefix}.${name}`;

/**
 * The possible paths of a module in a state dict. In one, the names of the program's own fields are unchanged; in the
 * other, they are in snake case.
 */
interface Prefixes {
  readonly plain: string;
  readonly snake: string;
}

const extend = ({ plain, snake }: Prefixes, name: string, snakeName = name): Prefixes => ({
  plain: joined(plain, name),
  snake: joined(snake, snakeName),
});

const namesOf = ({ plain, snake }: Prefixes): readonly string[] => (plain === snake ? [plain] : [snake, plain]);

const children: readonly (readonly [(module: Module) => boolean, Readonly<Record<string, string>>])[] = [
  [
    (module) => module instanceof TransformerEncoderLayer || module instanceof TransformerDecoderLayer,
    { selfAttention: 'self_attn', crossAttention: 'multihead_attn' },
  ],
  [(module) => module instanceof MultiHeadAttention, { output: 'out_proj' }],
  [(module) => module instanceof WeightNorm || module instanceof SpectralNorm, { layer: '' }],
];

/** Returns the paths of a submodule in a state dict. */
function childPrefixes(parent: Module, prefixes: Prefixes, name: string): Prefixes {
  const known = children.find(([is]) => is(parent))?.[1][name];
  return known === undefined ? extend(prefixes, name, snakeCase(name)) : extend(prefixes, known);
}

const batchNormNames: Readonly<Record<string, string>> = {
  runningVariance: 'running_var',
  batchCount: 'num_batches_tracked',
};

/**
 * For a layer whose weight is computed, returns the names of the tensors that it is computed from: first the names in
 * current PyTorch, then those in versions before 2.0.
 */
function computedNames(
  field: string,
): Readonly<Record<'magnitude' | 'direction' | 'left' | 'right' | 'whole', readonly string[]>> {
  const current = `parametrizations.${field}`;
  return {
    magnitude: [`${current}.original0`, `${field}_g`],
    direction: [`${current}.original1`, `${field}_v`],
    left: [`${current}.0._u`, `${field}_u`],
    right: [`${current}.0._v`, `${field}_v`],
    whole: [`${current}.original`, `${field}_orig`],
  };
}

/** Returns the names of a parameter or buffer within its module. `parent` is the module that contains this module. */
function localNames(owner: Module, name: string, parent: Module | undefined): readonly string[] {
  if (parent instanceof WeightNorm && name === parent.field) return computedNames(name).direction;
  if (parent instanceof SpectralNorm && name === parent.field) return computedNames(name).whole;
  if (owner instanceof WeightNorm && name === 'magnitude') return computedNames(owner.field).magnitude;
  if (owner instanceof SpectralNorm && (name === 'left' || name === 'right')) return computedNames(owner.field)[name];
  const isNorm = owner instanceof BatchNorm1d || owner instanceof BatchNorm2d;
  const known = isNorm ? batchNormNames[name] : undefined;
  return known === undefined ? [...new Set([snakeCase(name), name])] : [known];
}

/** Returns whether a parameter is transposed in PyTorch. */
function isTransposed(owner: Module, name: string): boolean {
  if (owner instanceof Dense) return name === 'weight';
  return owner instanceof WeightNorm && owner.layer instanceof Dense && name === 'magnitude';
}

/** Lists the entries of a module in a state dict of PyTorch. */
class Walk {
  readonly found: Alternatives[] = [];
  readonly #ancestors = new Set<Module>();

  visit(module: Module, path: string, prefixes: Prefixes, parent: Module | undefined): void {
    // A module that contains itself has no further parameters there.
    if (this.#ancestors.has(module)) return;
    this.#ancestors.add(module);
    const submodules = module.children();
    const isPacked = module instanceof MultiHeadAttention && this.#visitProjections(module, path, prefixes);
    for (const [name, variable] of [...module.namedParameters(), ...module.namedBuffers()]) {
      if ([...submodules.keys()].some((child) => name.startsWith(`${child}.`))) continue;
      const part = { path: joined(path, name), variable, transposed: isTransposed(module, name) };
      const names = localNames(module, name, parent).flatMap((local) => namesOf(extend(prefixes, local)));
      this.found.push({ variants: [[{ names: [...new Set(names)], parts: [part] }]] });
    }
    for (const [name, child] of submodules) {
      if (isPacked && name !== 'output') continue;
      this.visit(child, joined(path, name), childPrefixes(module, prefixes, name), module);
    }
    this.#ancestors.delete(module);
  }

  /**
   * Lists the projections of an attention layer, which PyTorch packs into one weight. Returns false unless they have
   * the same form as in PyTorch.
   */
  #visitProjections({ query, key, value, dim }: MultiHeadAttention, path: string, prefixes: Prefixes): boolean {
    const layers = { query, key, value };
    if (!Object.values(layers).every((layer) => layer instanceof Dense)) return false;
    const partsOf = (field: 'weight' | 'bias'): StateDictTensor[] =>
      Object.entries(layers).flatMap(([name, layer]) => {
        const variable: unknown = layer[field];
        if (!(variable instanceof Variable)) return [];
        return [{ path: `${joined(path, name)}.${field}`, variable, transposed: field === 'weight' }];
      });
    const entry = (local: string, parts: readonly StateDictTensor[]): StateDictEntry => ({
      names: namesOf(extend(prefixes, local)),
      parts,
    });
    const each = (field: 'weight' | 'bias', nameOf: (name: string) => string): StateDictEntry[] =>
      partsOf(field).map((part, i) => entry(nameOf(Object.keys(layers)[i]!), [part]));
    const isSquare = key.inFeatures === dim && value.inFeatures === dim;
    const weights = partsOf('weight');
    const biases = partsOf('bias');
    if (weights.length !== 3 || biases.length % 3 !== 0) return false;
    const packedBias = biases.length === 0 ? [] : [entry('in_proj_bias', biases)];
    const packed = isSquare ? [entry('in_proj_weight', weights)] : each('weight', (name) => `${name[0]}_proj_weight`);
    const separate = (nameOf: (name: string) => string): StateDictEntry[] =>
      (['weight', 'bias'] as const).flatMap((field) => each(field, (name) => `${nameOf(name)}.${field}`));
    this.found.push({
      variants: [[...packed, ...packedBias], separate((name) => `${name[0]}_proj`), separate((name) => name)],
    });
    return true;
  }
}

/**
 * Lists the entries of a module in a state dict of PyTorch. A tensor that is used in several places is listed for each
 * of them.
 */
export function layoutOf(module: Module): readonly Alternatives[] {
  const walk = new Walk();
  walk.visit(module, '', { plain: '', snake: '' }, undefined);
  return walk.found;
}

/** Returns the shape of a part in PyTorch. */
const shapeOfPart = ({ variable: { shape }, transposed }: StateDictTensor): readonly number[] =>
  transposed ? shape.toReversed() : shape;

/** Returns the shape of an entry. */
export function shapeOfEntry({ parts }: StateDictEntry): readonly number[] {
  const [first, ...others] = parts.map(shapeOfPart);
  if (others.length === 0) return first!;
  const [rows, ...rest] = first!;
  return [others.reduce((sum, shape) => sum + shape[0]!, rows!), ...rest];
}
