import { describe, expect, test } from 'vitest';
import { atomic } from '../../src/wasm/assembler/atomics.ts';
import { flat, signed32, signed64, unsigned } from '../../src/wasm/assembler/encoding.ts';
import { features } from '../../src/wasm/assembler/features.ts';
import { floatVector } from '../../src/wasm/assembler/float-vector.ts';
import {
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  i64,
  i64x2,
  memory,
  type Operand,
  type ResultType,
  type Statement,
  select,
  type Value,
  type ValueType,
  v128,
} from '../../src/wasm/assembler/instructions.ts';
import { type FunctionBuilder, ModuleBuilder } from '../../src/wasm/assembler/module-builder.ts';
import { instantiate, webAssembly } from '../../src/wasm/assembler/web-assembly.ts';

type Vector = Value<'v128'>;
type Callable = (...args: readonly (number | bigint)[]) => number | bigint;

const newMemory = () => new webAssembly!.Memory({ initial: 1 });

/** Runs a function without parameters on a fresh memory; returns its result and the memory. */
function run<R extends ResultType>(
  body: (f: FunctionBuilder) => Value<R> | undefined,
  before: (bytes: ArrayBuffer) => void = () => {},
) {
  const module = new ModuleBuilder();
  module.define('run', {}, body as (f: FunctionBuilder) => Value<R>);
  const heap = newMemory();
  before(heap.buffer as ArrayBuffer);
  const result = module.instantiate<{ run: Callable }>(heap).run();
  return { result, buffer: heap.buffer as ArrayBuffer };
}

const evaluate = <T extends ValueType>(value: Value<T>) => run(() => value).result;
const vectorBytes = (value: Vector) => run((f) => void f.run(v128.store(0, value))).buffer.slice(0, 16);
const asF32 = (value: Vector) => [...new Float32Array(vectorBytes(value))];
const asF64 = (value: Vector) => [...new Float64Array(vectorBytes(value))];
const asI32 = (value: Vector) => [...new Int32Array(vectorBytes(value))];
const asI64 = (value: Vector) => [...new BigInt64Array(vectorBytes(value))];

describe('encoding', () => {
  test.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [624485, [0xe5, 0x8e, 0x26]],
    [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, bytes) => expect(flat(unsigned(value))).toEqual(bytes));

  test.each([
    [0, [0]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('signed %d', (value, bytes) => {
    expect(flat(signed32(value))).toEqual(bytes);
    expect(flat(signed64(BigInt(value | 0)))).toEqual(bytes);
  });

  test.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, 0x7fffffff, -0x80000000, 123456789])('i32.const %d', (x) => {
    expect(evaluate(i32.const(x))).toBe(x);
    expect(evaluate(i64.const(x))).toBe(BigInt(x));
    expect(evaluate(f32.const(x))).toBe(Math.fround(x));
    expect(evaluate(f64.const(x))).toBe(x);
  });

  test.each([2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n])('i64.const %d', (x) => expect(evaluate(i64.const(x))).toBe(x));
});

describe('scalar instructions', () => {
  const integers: [keyof typeof i32 & keyof typeof i64, number, number, number][] = [
    ['add', 7, -3, 4],
    ['sub', 7, -3, 10],
    ['mul', 7, -3, -21],
    ['divS', -7, 2, -3],
    ['divU', 7, 2, 3],
    ['remU', 7, 4, 3],
    ['and', 12, 10, 8],
    ['or', 12, 10, 14],
    ['xor', 12, 10, 6],
    ['shl', 3, 4, 48],
    ['shrS', -8, 1, -4],
    ['shrU', 8, 1, 4],
    ['eq', 1, 1, 1],
    ['ne', 1, 1, 0],
    ['ltS', -1, 1, 1],
    ['ltU', -1, 1, 0],
    ['gtS', -1, 1, 0],
    ['leS', 1, 1, 1],
    ['geS', -1, 1, 0],
  ];
  test.each(integers)('integer %s(%d, %d)', (name, a, b, expected) => {
    type Integer = (a: Operand<'i32'>, b: Operand<'i32'>) => Value<'i32'>;
    expect(evaluate((i32[name] as Integer)(a, b))).toBe(expected);
    const long = evaluate((i64[name] as unknown as (a: Operand<'i64'>, b: Operand<'i64'>) => Value<'i64'>)(a, b));
    expect(Number(long)).toBe(expected);
  });

  const floats: [keyof typeof f32 & keyof typeof f64, number[], number][] = [
    ['add', [1.5, 2], 3.5],
    ['sub', [1.5, 2], -0.5],
    ['mul', [1.5, 2], 3],
    ['div', [1.5, 2], 0.75],
    ['eq', [1, 1], 1],
    ['ne', [1, 1], 0],
    ['lt', [1, 2], 1],
    ['gt', [1, 2], 0],
    ['le', [2, 2], 1],
    ['ge', [1, 2], 0],
  ];
  test.each(floats)('float %s(%j)', (name, args, expected) => {
    type Float = (...args: readonly number[]) => Value<'f32'>;
    expect(evaluate((f32[name] as unknown as Float)(...args))).toBe(expected);
    expect(evaluate((f64[name] as unknown as Float)(...args))).toBe(expected);
  });

  const conversions: [string, Value<ValueType>, number | bigint][] = [
    ['i32.eqz', i32.eqz(0), 1],
    ['i32.wrapI64', i32.wrapI64(2n ** 32n + 5n), 5],
    ['i64.reinterpretF64', i64.reinterpretF64(1), 0x3ff0000000000000n],
    ['f64.reinterpretI64', f64.reinterpretI64(0x3ff0000000000000n), 1],
    ['i64.extendI32U', i64.extendI32U(-1), 0xffffffffn],
    ['f64.convertI32S', f64.convertI32S(-1), -1],
    ['f32.demoteF64', f32.demoteF64(0.1), Math.fround(0.1)],
    ['f64.promoteF32', f64.promoteF32(0.1), Math.fround(0.1)],
    ['select', select(0, i32.const(1), i32.const(2)), 2],
  ];
  test.each(conversions)('%s', (_, value, expected) => expect(evaluate(value)).toBe(expected));
});

describe('vector instructions', () => {
  const families = [
    { name: 'f32x4', v: f32x4, read: asF32 },
    { name: 'f64x2', v: f64x2, read: asF64 },
  ];
  describe.each(families)('$name', ({ v, read }) => {
    const fill = (value: number) => Array.from({ length: v.lanes }, () => value);
    const unary: [keyof typeof f32x4 & keyof typeof f64x2, number, number][] = [
      ['abs', -1.5, 1.5],
      ['neg', 1.5, -1.5],
      ['sqrt', 2.25, 1.5],
      ['ceil', 1.25, 2],
      ['floor', -1.25, -2],
      ['nearest', 2.5, 2],
    ];
    test.each(unary)('%s', (name, a, expected) =>
      expect(read((v[name] as (a: Vector) => Vector)(v.const(a)))).toEqual(fill(expected)),
    );
    const binary: [keyof typeof f32x4 & keyof typeof f64x2, number, number, number][] = [
      ['add', 1.5, 2, 3.5],
      ['sub', 1.5, 2, -0.5],
      ['mul', 1.5, 2, 3],
      ['div', 1.5, 2, 0.75],
      ['min', 1.5, 2, 1.5],
      ['max', 1.5, 2, 2],
      ['pmin', 1.5, Number.NaN, 1.5],
      ['pmax', Number.NaN, 1.5, Number.NaN],
    ];
    test.each(binary)('%s', (name, a, b, expected) =>
      expect(read((v[name] as (a: Vector, b: Vector) => Vector)(v.const(a), v.const(b)))).toEqual(fill(expected)),
    );
    const compare: [keyof typeof f32x4 & keyof typeof f64x2, boolean[]][] = [
      ['eq', [false, true, false]],
      ['ne', [true, false, true]],
      ['lt', [true, false, false]],
      ['gt', [false, false, true]],
      ['le', [true, true, false]],
      ['ge', [false, true, true]],
    ];
    test.each(compare)('%s', (name, expected) => {
      const masks = [1, 2, 3].map((a) => (v[name] as (a: Vector, b: Vector) => Vector)(v.const(a), v.const(2)));
      expect(masks.map((mask) => asI32(mask)[0] === -1)).toEqual(expected);
    });
    const ramp = Array.from({ length: v.lanes }, (_, i) => i + 1);
    const last = v.lanes - 1;
    test('lanes', () => {
      expect(read(v.constOf(...ramp))).toEqual(ramp);
      expect(evaluate(v.extractLane(v.constOf(...ramp), last))).toBe(v.lanes);
      expect(read(v.replaceLane(v.const(0), last, 9))).toEqual([...fill(0).slice(1), 9]);
      expect(read(v.splat(3))).toEqual(fill(3));
      const reversed = ramp.map((_, i) => v.lanes + last - i);
      expect(read(v.shuffle(v.const(0), v.constOf(...ramp), reversed))).toEqual([...ramp].reverse());
    });
    const lengths = ramp.map((length) => ({ length }));
    test.each(lengths)('the first $length lanes of memory', ({ length }) => {
      const array = v.scalar === 'f32' ? Float32Array : Float64Array;
      const { buffer } = run(
        (f) => {
          const x = f.let(v.loadPart(length, 64, v.laneBytes));
          f.run(v128.store(0, x), v.storePart(length, 128, x, v.laneBytes));
        },
        (bytes) => new array(bytes, 64, 6).set([7, 1, 2, 3, 4, 5]),
      );
      const part = ramp.map((x) => (x <= length ? x : 0));
      expect([...new array(buffer, 0, v.lanes)]).toEqual(part);
      expect([...new array(buffer, 128, 6)]).toEqual([0, ...part, ...[0, 0, 0, 0].slice(ramp.length - 1)].slice(0, 6));
    });
    test('one lane of memory', () => {
      const array = v.scalar === 'f32' ? Float32Array : Float64Array;
      const { buffer } = run(
        (f) => {
          const x = f.let(v.loadPart(1, 64));
          f.run(
            v128.store(0, x),
            v128.store(16, v.loadSplat(64)),
            v.storeLane(32, v.loadSplat(64, v.laneBytes), last, v.laneBytes),
          );
        },
        (bytes) => new array(bytes, 64, 2).set([7, 8]),
      );
      expect([...new array(buffer, 0, v.lanes)]).toEqual([7, ...fill(0).slice(1)]);
      expect([...new array(buffer, 16, v.lanes)]).toEqual(fill(7));
      expect([...new array(buffer, 32, 2)]).toEqual([0, 8]);
    });
  });

  const words = i32x4.constOf(1, -2, 3, -4);
  const longs = i64x2.constOf(1, -2);
  const integers: [string, number[], number[]][] = [
    ['i32x4.add', asI32(i32x4.add(words, i32x4.const(5))), [6, 3, 8, 1]],
    ['i32x4.sub', asI32(i32x4.sub(words, i32x4.const(5))), [-4, -7, -2, -9]],
    ['i32x4.shl', asI32(i32x4.shl(words, 1)), [2, -4, 6, -8]],
    ['i32x4.shrU', asI32(i32x4.shrU(words, 28)), [0, 15, 0, 15]],
    ['i32x4.ltS', asI32(i32x4.ltS(words, i32x4.const(1))), [0, -1, 0, -1]],
    ['f32x4.demoteF64x2Zero', asF32(f32x4.demoteF64x2Zero(f64x2.constOf(1.5, 2))), [1.5, 2, 0, 0]],
    ['f64x2.promoteLowF32x4', asF64(f64x2.promoteLowF32x4(f32x4.constOf(1.5, 2, 3, 4))), [1.5, 2]],
    ['v128.and', asI32(v128.and(words, i32x4.const(1))), [1, 0, 1, 0]],
    ['v128.or', asI32(v128.or(words, i32x4.const(1))), [1, -1, 3, -3]],
    ['v128.xor', asI32(v128.xor(words, i32x4.const(1))), [0, -1, 2, -3]],
    ['v128.andnot', asI32(v128.andnot(words, i32x4.const(1))), [0, -2, 2, -4]],
    ['v128.not', asI32(v128.not(words)), [-2, 1, -4, 3]],
    ['v128.bitselect', asI32(v128.bitselect(words, i32x4.const(0), i32x4.constOf(0, -1, 0, 1))), [0, -2, 0, 0]],
  ];
  test.each(integers)('%s', (_, actual, expected) => expect(actual).toEqual(expected));

  const longCases: [string, bigint[], bigint[]][] = [
    ['i64x2.add', asI64(i64x2.add(longs, i64x2.const(5))), [6n, 3n]],
    ['i64x2.sub', asI64(i64x2.sub(longs, i64x2.const(5))), [-4n, -7n]],
    ['i64x2.shl', asI64(i64x2.shl(longs, 52)), [2n ** 52n, -(2n ** 53n)]],
    ['i64x2.shrU', asI64(i64x2.shrU(longs, 60)), [0n, 15n]],
  ];
  test.each(longCases)('%s', (_, actual, expected) => expect(actual).toEqual(expected));

  test('tests on lanes', () => {
    expect(evaluate(v128.anyTrue(i32x4.constOf(0, 0, 4, 0)))).toBe(1);
    expect(evaluate(i32x4.allTrue(i32x4.constOf(1, 0, 4, 1)))).toBe(0);
    expect(evaluate(i64x2.allTrue(longs))).toBe(1);
    expect(asI32(select(1, words, i32x4.const(0)))).toEqual([1, -2, 3, -4]);
  });

  test.each([false, features().relaxedSimd])('multiply-add, relaxed: %s', (relaxed) => {
    const v = floatVector('f32', relaxed);
    const w = floatVector('f64', relaxed);
    expect(asF32(v.madd(v.const(2), v.const(3), v.const(4)))).toEqual([10, 10, 10, 10]);
    expect(asF32(v.nmadd(v.const(2), v.const(3), v.const(4)))).toEqual([-2, -2, -2, -2]);
    expect(asF64(w.madd(w.const(2), w.const(3), w.const(4)))).toEqual([10, 10]);
    expect(asF64(w.nmadd(w.const(2), w.const(3), w.const(4)))).toEqual([-2, -2]);
  });
});

describe('memory', () => {
  test('loads, stores, copies and fills', () => {
    const { buffer } = run(
      (f) =>
        void f.run(
          i32.store(0, i32.load(64), 4),
          f32.store(16, f32.load(64, 4)),
          f64.store(24, f64.load(72)),
          memory.copy(40, 64, 4),
          memory.fill(44, -1, 4),
        ),
      (bytes) => {
        new Int32Array(bytes, 64, 1)[0] = -2;
        new Float32Array(bytes, 68, 1)[0] = 1.5;
        new Float64Array(bytes, 72, 1)[0] = 2.5;
      },
    );
    const int = new Int32Array(buffer);
    expect([int[1], int[10], int[11]]).toEqual([-2, -2, -1]);
    expect([new Float32Array(buffer)[4], new Float64Array(buffer)[3]]).toEqual([1.5, 2.5]);
  });

  test.runIf(features().threads)('atomics on shared memory', () => {
    const module = new ModuleBuilder({ shared: true });
    module.define('run', { p: 'i32' }, (f, { p }) => {
      f.run(atomic.store(p, 12));
      for (const rmw of [atomic.add(p, 4), atomic.sub(p, 2)]) f.drop(rmw);
      f.run(atomic.store(p, i32.add(atomic.load(p), 1), 4));
      f.drop(atomic.notify(p, 1));
      return atomic.wait(p, 13, -1n);
    });
    const shared = new webAssembly!.Memory({ initial: 1, maximum: 4, shared: true });
    const { run } = module.instantiate<{ run: Callable }>(shared);
    expect(run(64)).toBe(1);
    expect(new Int32Array(shared.buffer)[16]).toBe(14);
  });
});

describe('functions', () => {
  const build = (define: (module: ModuleBuilder) => void) => {
    const module = new ModuleBuilder();
    define(module);
    return module.instantiate<Record<string, Callable>>(newMemory());
  };

  test('take parameters in the order written and call each other', () => {
    const exports = build((module) => {
      const power = module.define('power', { base: 'f64', exponent: 'i32' }, (f, { base, exponent }) => {
        const product = f.let(f64.const(1));
        f.for(0, exponent, 1, () => f.set(product, f64.mul(product, base)));
        return product;
      });
      module.define('cube', { x: 'f64' }, (_, { x }) => power.call({ exponent: 3, base: x }));
    });
    expect(exports.power!(2, 10)).toBe(1024);
    expect(exports.power!(2, 0)).toBe(1);
    expect(exports.cube!(3)).toBe(27);
  });

  test('if, while and return', () => {
    const { collatz, sign } = build((module) => {
      module.define('collatz', { n: 'i32' }, (f, { n }) => {
        const steps = f.local('i32');
        f.while(i32.gtS(n, 1), () => {
          f.if(
            i32.and(n, 1),
            () => f.set(n, i32.add(i32.mul(n, 3), 1)),
            () => f.set(n, i32.shrU(n, 1)),
          );
          f.advance(steps, 1);
        });
        return steps;
      });
      module.define('sign', { n: 'i32' }, (f, { n }) => {
        f.if(i32.ltS(n, 0), () => f.return(i32.const(-1)));
        return i32.ne(n, 0);
      });
    });
    expect(collatz!(27)).toBe(111);
    expect([-5, 0, 5].map((n) => sign!(n))).toEqual([-1, 0, 1]);
  });

  test('block and loop, branched out of from within', () => {
    const { search } = build((module) =>
      module.define('search', { wanted: 'i32' }, (f, { wanted }) => {
        const i = f.local('i32');
        const square = f.local('i32');
        f.block((leave) =>
          f.loop((again) => {
            f.branchIf(leave, i32.geS(f.tee(square, i32.mul(i, i)), wanted));
            f.advance(i, 1);
            f.branch(again);
          }),
        );
        return i;
      }),
    );
    expect(search!(50)).toBe(8);
  });

  test('for counts no pass where from >= below, and holds more locals than a byte counts', () => {
    const { sum } = build((module) =>
      module.define('sum', { n: 'i32' }, (f, { n }) => {
        const many = Array.from({ length: 200 }, (_, i) => f.let(i32.add(n, i)));
        const total = f.let(i32.const(0));
        f.for(5, n, 2, (i) => f.set(total, i32.add(total, i)));
        return many.slice(0, 3).reduce((a: Value<'i32'>, b) => i32.add(a, b), total);
      }),
    );
    expect(sum!(0)).toBe(3);
    expect(sum!(10)).toBe(33 + 5 + 7 + 9);
  });

  test('an expression used twice is evaluated twice, a local once', () => {
    const { count } = build((module) => {
      const next = module.define('next', {}, (f) => {
        f.run(i32.store(0, i32.add(i32.load(0), 1)));
        return i32.load(0);
      });
      module.define('count', {}, (f) => {
        const kept = f.let(next.call({}));
        return i32.add(i32.add(kept, kept), i32.add(next.call({}), next.call({})));
      });
    });
    expect(count!()).toBe(1 + 1 + 2 + 3);
  });

  test('a compiled module serves several memories', () => {
    const module = new ModuleBuilder();
    module.define('put', { x: 'i32' }, (f, { x }) => void f.run(i32.store(0, x) satisfies Statement));
    const compiled = module.compile();
    const memories = [newMemory(), newMemory()];
    memories.forEach((heap, i) => {
      instantiate<{ put(x: number): void }>(compiled, heap).put(i + 1);
    });
    expect(memories.map((heap) => new Int32Array(heap.buffer)[0])).toEqual([1, 2]);
  });
});
