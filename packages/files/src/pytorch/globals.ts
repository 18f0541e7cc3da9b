/**
 * The names from Python modules that a checkpoint may use. The list is closed, and nothing on it is executed as Python
 * code.
 */

import { ELEMENT_TYPES, type ElementType } from '../elements/element-types.ts';

/** A name in a Python module. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A storage: elements in a file of the checkpoint, of which tensors are views. */
export class Storage {
  readonly type: ElementType | undefined;
  readonly key: string;
  /** The number of elements; for an untyped storage, of bytes. */
  readonly size: number;

  constructor(type: ElementType | undefined, key: string, size: number) {
    this.type = type;
    this.key = key;
    this.size = size;
  }
}

/** A tensor: a view of a storage. */
export class TensorView {
  readonly type: ElementType;
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];

  constructor(
    type: ElementType,
    storage: Storage,
    offset: number,
    shape: readonly number[],
    stride: readonly number[],
  ) {
    this.type = type;
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.stride = stride;
  }
}

/** The element types of PyTorch's storage classes. */
const STORAGES: Readonly<Record<string, ElementType | undefined>> = {
  'torch.DoubleStorage': 'float64',
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
  'torch.storage.UntypedStorage': undefined,
};

const isLengths = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);

/** Returns the storage with a persistent id, or a text that says what is wrong with the id. */
export function storageOf(id: unknown): Storage | string {
  const [kind, type, key, , size] = Array.isArray(id) ? id : [];
  if (kind !== 'storage' || !(type instanceof Global)) return 'expected a persistent id of a storage';
  if (!Object.hasOwn(STORAGES, type.name)) return `storages of ${type.name} can't be read`;
  if (typeof key !== 'string' || !/^\w+$/.test(key)) return 'expected the key of a storage';
  if (!isLengths([size])) return 'expected the size of a storage';
  return new Storage(STORAGES[type.name], key, size);
}

/** Returns the element type of a PyTorch dtype. */
function typeOf(dtype: unknown): ElementType | undefined {
  const name = dtype instanceof Global ? dtype.name.replace(/^torch\./, '') : '';
  return Object.hasOwn(ELEMENT_TYPES, name) ? (name as ElementType) : undefined;
}

function tensorOf(args: readonly unknown[], dtype?: unknown): TensorView | string {
  const [storage, offset, shape, stride] = args;
  if (!(storage instanceof Storage)) return 'expected the storage of a tensor';
  const type = dtype === undefined ? storage.type : typeOf(dtype);
  if (type === undefined) return `tensors of ${dtype instanceof Global ? dtype.name : 'unknown dtype'} can't be read`;
  if (!isLengths([offset]) || !isLengths(shape) || !isLengths(stride) || shape.length !== stride.length) {
    return 'expected the offset, shape and strides of a tensor';
  }
  const elements = storage.type === undefined ? storage.size / ELEMENT_TYPES[type].bytes : storage.size;
  const last = shape.reduce((sum, length, i) => sum + (length - 1) * stride[i]!, offset as number);
  if (!shape.includes(0) && last >= elements) return `a tensor reads element ${last} of a storage of ${elements}`;
  return new TensorView(type, storage, offset as number, shape, stride);
}

const isPairs = (value: unknown): value is readonly (readonly [unknown, unknown])[] =>
  Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/**
 * For each callable on the list, a function that computes its result. If the arguments are wrong, the function returns
 * a text that says why.
 */
const CALLABLES: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  'collections.OrderedDict': ([pairs = []]) => (isPairs(pairs) ? new Map(pairs) : 'expected pairs for OrderedDict'),
  'collections.Counter': ([counts = new Map()]) => (counts instanceof Map ? counts : 'expected a dict for Counter'),
  'collections.defaultdict': () => new Map(),
  'torch._utils._rebuild_tensor': (args) => tensorOf(args),
  'torch._utils._rebuild_tensor_v2': (args) => tensorOf(args),
  'torch._utils._rebuild_tensor_v3': (args) => tensorOf(args, args[6] ?? null),
  'torch._utils._rebuild_parameter': ([data]) =>
    data instanceof TensorView ? data : 'expected the tensor of a parameter',
  'torch._utils._rebuild_parameter_with_state': ([data]) =>
    data instanceof TensorView ? data : 'expected the tensor of a parameter',
  'torch.Size': ([lengths = []]) => (isLengths(lengths) ? lengths : 'expected the lengths of a Size'),
  'torch.device': (args) => args.join(':'),
  '_codecs.encode': ([text]) => (typeof text === 'string' ? latin1(text) : 'expected a text to encode'),
  'builtins.set': ([members = []]) => (Array.isArray(members) ? new Set(members) : 'expected the members of a set'),
  'builtins.frozenset': ([members = []]) =>
    Array.isArray(members) ? new Set(members) : 'expected the members of a set',
  'builtins.bytearray': ([bytes = new Uint8Array(0)]) => (bytes instanceof Uint8Array ? bytes : 'expected bytes'),
};

/** Classes that may occur as values. */
const VALUES =
  /^torch\.(?:(?:b?float|u?int|complex|q?u?int)\d+\w*|bool|half|double|float|long|int|short|strided|sparse_\w+|contiguous_format|preserve_format|channels_last)$/;

/** Returns a name that is on the closed list, or `undefined` for any other. */
export function globalOf(module: string, name: string): Global | undefined {
  const full = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
  const isKnown =
    Object.hasOwn(CALLABLES, full) ||
    Object.hasOwn(STORAGES, full) ||
    /^torch\.Complex\w+Storage$/.test(full) ||
    VALUES.test(full);
  return isKnown ? new Global(full) : undefined;
}

/** The result of a call, or a description of the error. */
export type CallResult = { readonly value: unknown } | { readonly fault: string };

/** Computes the result of calling a name on the list, without executing code from the file. */
export function call({ name }: Global, args: readonly unknown[]): CallResult {
  if (!Object.hasOwn(CALLABLES, name)) return { fault: `${name} can't be called` };
  const value = CALLABLES[name]!(args);
  return typeof value === 'string' && name !== 'torch.device' ? { fault: value } : { value };
}
