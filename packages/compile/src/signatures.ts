/** The signature of a call: the properties that it shares with all other calls that the same program serves. */

import { isPlain } from '@tapegrad/core/extend';
import { Tensor, Variable } from '@tapegrad/core/lean';

import { formatShape, type NdArray } from '@tapegrad/kernels';

/** The kind of a call, and its tensors. */
export interface Signature {
  /** Equal texts mean that the same programs serve, if the numbers are equal, too. */
  readonly text: string;
  /** The numbers among the arguments, in order. */
  readonly numbers: readonly number[];
  /** The arrays of the tensors that the program takes, in order. */
  readonly arrays: readonly NdArray[];
  /** Whether gradients flow to any of these. */
  readonly requiresGrad: boolean;
}

let count = 0;
const identities = new WeakMap<object, number>();

/** Returns a number that identifies an object. */
function identityOf(x: object): number {
  const known = identities.get(x);
  if (known !== undefined) return known;
  identities.set(x, ++count);
  return count;
}

/** The maximum nesting depth of arguments. */
const DEEPEST = 500;

/** Returns the signature of a call. Variables, and objects with a class, count as the same only if they are. */
export function signatureOf(args: readonly unknown[]): Signature {
  const arrays: NdArray[] = [];
  const numbers: number[] = [];
  let requiresGrad = false;
  const describe = (x: unknown, depth: number): string => {
    if (typeof x === 'number') {
      numbers.push(x);
      return 'number';
    }
    if (typeof x === 'string') return JSON.stringify(x);
    if (typeof x === 'function') return `#${identityOf(x)}`;
    if (typeof x !== 'object' || x === null) return String(x);
    if (x instanceof Variable) return `#${identityOf(x)}`;
    if (x instanceof Tensor) {
      arrays.push(x.array);
      requiresGrad ||= x.requiresGrad;
      return `${x.dtype}${formatShape(x.shape)}${x.requiresGrad ? ' with gradient' : ''}`;
    }
    if (depth >= DEEPEST) return `#${identityOf(x)}`;
    if (Array.isArray(x)) return `[${x.map((branch) => describe(branch, depth + 1)).join()}]`;
    if (!isPlain(x)) return `#${identityOf(x)}`;
    return `{${Object.entries(x)
      .map(([key, branch]) => `${JSON.stringify(key)}:${describe(branch, depth + 1)}`)
      .join()}}`;
  };
  return { text: args.map((x) => describe(x, 0)).join('; '), arrays, numbers, requiresGrad };
}
