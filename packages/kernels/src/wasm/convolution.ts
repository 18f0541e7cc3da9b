/** Convolutions over one axis or two: images pass through linear memory some at a time, laid out there and multiplied. */

import { empty, NdArray } from '../array.ts';
import { contiguous } from '../copy.ts';
import { type Data, type FloatDType, newData } from '../dtype.ts';
import type { Convolution } from '../primitives.ts';
import type { Shape } from '../shape.ts';
import { type Entry, type LaidAxis, laidInput, laidPositions } from './convolution-layout.ts';
import { type ConvolutionExports, convolutionKinds } from './convolution-tasks.ts';
import type { Crew } from './crew.ts';
import type { Heap } from './heap.ts';
import { type Berth, berth, blockSize, type Passage, passInBlocks } from './passage.ts';
import { BLOCK_ROWS, blockDepth, type ProductLayout, packedBytes, productLayout, type TileName } from './product.ts';
import { employ, type Workforce } from './task-kinds.ts';
import { type Axis, planarAxes } from './windows.ts';

/** Bytes of images that pass at a time: with one thread they should stay in the second cache, else all have work. */
const ALONE = 1 << 19;
const TOGETHER = 1 << 23;
/** Bytes that a task clears. */
const CLEARED_BYTES = 1 << 16;
/** Bytes of a task's product: it is copied while it lies in the second cache. */
const PRODUCT_BYTES = 1 << 18;
/** Positions of a single row that are gone through at a time: it is cut into rows of so many, which make bands. */
const LONGEST_ROW = 1 << 11;
/** Tasks a thread, at least: see product-tasks.ts. */
const TASKS_A_THREAD = 8;

/** The shapes of a convolution as planes of images. */
interface Sizes {
  readonly images: number;
  readonly groups: number;
  /** Channels of x, and of y, of one group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly y: Axis;
  readonly x: Axis;
}

const sizesOf = (x: Shape, w: Shape, { windows, groups }: Convolution): Sizes => {
  const [vertical, horizontal] = planarAxes(x.slice(2), windows);
  return { images: x[0]!, groups, inputs: w[1]!, outputs: w[0]! / groups, y: vertical, x: horizontal };
};

/** Planes of images as they are, and as they are laid out. */
interface Maps {
  /** Of one image. */
  readonly planes: number;
  readonly width: number;
  /** Elements of a plane. */
  readonly plane: number;
  readonly y: LaidAxis;
  readonly x: LaidAxis;
  /** Elements of a plane as it is laid out. */
  readonly laid: number;
}

const mapsOf = (planes: number, height: number, width: number, y: LaidAxis, x: LaidAxis): Maps => ({
  ...{ planes, width, plane: height * width, y, x },
  laid: y.parts * y.length * x.parts * x.length,
});

/** Whether planes are laid out as they are. */
const isPlain = ({ width, plane, y, x, laid }: Maps): boolean =>
  laid === plane &&
  x.length === width &&
  [...y.stretches, ...x.stretches].every(({ step, to }) => step === 1 && to === 0);

/** Maps of some images in the heap, as they are and laid out. */
interface Images {
  readonly maps: Maps;
  readonly dense: Berth;
  /** Where there is room to lay them out, if they are laid out otherwise than they are. */
  readonly room: number | undefined;
}

/** A weight in the heap, [groups, m, k], whose rows are packed. */
interface Weight {
  readonly pointer: number;
  readonly m: number;
  readonly k: number;
  readonly groupBytes: number;
}

/** What the rows of a weight meet, and where their products go; in elements. */
interface Multiplication {
  readonly weight: Weight;
  readonly groups: number;
  /** Rows of positions, the positions in each, and how far apart two rows are laid out. */
  readonly rows: number;
  readonly columns: number;
  readonly row: number;
  readonly from: Images;
  /** The position to begin at. */
  readonly start?: number;
  readonly list: number;
  readonly to: Berth;
  /** How far into an image they go, in elements. */
  readonly toStart: number;
  readonly toImage: number;
  readonly toPlane: number;
  readonly toRow: number;
  readonly toStep: number;
}

/** The convolutions of one float type; no array is empty. */
export class Convolutions {
  readonly #layout: ProductLayout;
  readonly #force: Workforce<ReturnType<typeof convolutionKinds>, ConvolutionExports>;

  /** With a crew, whose memory is its own, all of it takes part. */
  constructor(by: Crew | Heap, dtype: FloatDType, tile: TileName) {
    const type = dtype === 'float32' ? 'f32' : 'f64';
    this.#layout = productLayout(type, tile);
    this.#force = employ((module) => convolutionKinds(module, type, tile), by);
  }

  conv(x: NdArray, w: NdArray, of: Convolution, shape: Shape): NdArray {
    const { images, groups, inputs, outputs, y: down, x: across } = sizesOf(x.shape, w.shape, of);
    const [y, x1] = [laidInput(down), laidInput(across)];
    const maps = mapsOf(groups * inputs, down.length, across.length, y.axis, x1.axis);
    const k = inputs * down.size * across.size;
    const positions = down.positions * across.positions;
    const perImage = groups * outputs * positions;
    const source = contiguous(x);
    const out = empty(shape, x.dtype);
    this.#inBlocks(images, maps.planes * (maps.plane + maps.laid) + perImage, (atOnce) => {
      const weight = this.#packWeight(dataOf(w), groups, outputs, k);
      const list = this.#list(distances(inputs, maps, y.entries, x1.entries));
      return () => {
        const from = this.#images(source, maps, atOnce);
        const to = this.#berth(out, perImage, atOnce);
        const product = {
          ...{ weight, groups, rows: down.positions, columns: across.positions, row: x1.axis.length, from, list },
          ...{ to, toStart: 0, toImage: perImage, toPlane: positions, toRow: across.positions, toStep: 1 },
        };
        return {
          bring: from.dense.bring,
          work: (first, count, meanwhile) => {
            this.#lay(from, first, count);
            this.#multiply(first, count, product, meanwhile);
          },
          fetch: to.fetch,
        };
      };
    });
    return out;
  }

  convInput(g: NdArray, w: NdArray, of: Convolution, shape: Shape): NdArray {
    const { images, groups, inputs, outputs, y: down, x: across } = sizesOf(shape, w.shape, of);
    const [y, x1] = [laidPositions(down), laidPositions(across)];
    const maps = mapsOf(groups * outputs, down.positions, across.positions, y.axis, x1.axis);
    const plane = down.length * across.length;
    const perImage = groups * inputs * plane;
    const source = contiguous(g);
    const elements = dataOf(w);
    const out = empty(shape, g.dtype);
    this.#inBlocks(images, maps.planes * (maps.plane + maps.laid) + perImage, (atOnce) => {
      const parts = y.residues.flatMap((vertical) =>
        x1.residues.map((horizontal) => ({
          vertical,
          horizontal,
          weight: this.#packWeight(
            gathered(
              elements,
              groups,
              outputs,
              inputs,
              down.size * across.size,
              vertical.entries.flatMap((v) => horizontal.entries.map((h) => v.entry * across.size + h.entry)),
            ),
            groups,
            inputs,
            outputs * vertical.entries.length * horizontal.entries.length,
          ),
          list: this.#list(distances(outputs, maps, vertical.entries, horizontal.entries)),
        })),
      );
      const reached = parts.reduce(
        (sum, { vertical, horizontal, weight }) => sum + (weight.k > 0 ? vertical.count * horizontal.count : 0),
        0,
      );
      return () => {
        const from = this.#images(source, maps, atOnce);
        const to = this.#berth(out, perImage, atOnce);
        const products = parts.map(({ vertical, horizontal, weight, list }) => ({
          ...{ weight, groups, rows: vertical.count, columns: horizontal.count, row: x1.axis.length, from, list },
          ...{ to, toStart: vertical.from * across.length + horizontal.from },
          ...{ toImage: perImage, toPlane: plane, toRow: down.stride * across.length, toStep: across.stride },
        }));
        return {
          bring: from.dense.bring,
          work: (first, count, meanwhile) => {
            this.#lay(from, first, count);
            if (reached < plane) this.#clear(to.at(first), count * perImage);
            for (const product of products) this.#multiply(first, count, product, meanwhile);
          },
          fetch: to.fetch,
        };
      };
    });
    return out;
  }

  convWeight(x: NdArray, g: NdArray, of: Convolution, shape: Shape): NdArray {
    const { images, groups, inputs, outputs, y: down, x: across } = sizesOf(x.shape, shape, of);
    const { bytes, panelRows, panelColumns } = this.#layout;
    const [y, x1] = [laidInput(down), laidInput(across)];
    const maps = mapsOf(groups * inputs, down.length, across.length, y.axis, x1.axis);
    const rows = inputs * down.size * across.size;
    // Positions lie as the windows' entries do, with zeros in the gaps.
    const positions = (down.positions - 1) * x1.axis.length + across.positions;
    const packed = packedBytes(this.#layout, positions, outputs);
    const plane = down.positions * across.positions;
    const perMaps = groups * outputs * plane;
    const [source, cotangent] = [contiguous(x), contiguous(g)];
    const sums = newData(x.dtype, groups * rows * outputs);
    const perImage = maps.planes * (maps.plane + maps.laid) + perMaps + (groups * packed) / bytes;
    this.#inBlocks(images, perImage, (atOnce) => {
      const list = this.#list(distances(inputs, maps, y.entries, x1.entries));
      const panels = this.#zeros((atOnce * groups * packed) / bytes);
      const c = this.#reserve(sums.length);
      const parts = Math.min(Math.ceil(rows / panelRows), Math.ceil(this.#tasks() / groups));
      const partRows = Math.ceil(rows / parts / panelRows) * panelRows;
      return () => {
        const a = this.#images(source, maps, atOnce);
        const b = this.#berth(cotangent, perMaps, atOnce);
        return {
          bring: (first, count) => {
            a.dense.bring(first, count);
            b.bring(first, count);
          },
          work: (first, count, meanwhile) => {
            this.#lay(a, first, count);
            this.#force.run('pack', count * groups, {
              ...{ from: b.at(first), fromItem: outputs * plane * bytes, planes: outputs, rows: down.positions },
              ...{ columns: across.positions, rowPositions: x1.axis.length },
              ...{ to: panels, toItem: packed, panelBytes: positions * panelColumns * bytes },
            });
            const values = {
              ...{ parts: Math.ceil(rows / partRows), partRows, rows, images: count },
              ...{ n: outputs, k: positions, depth: blockDepth(positions), list },
              ...{ a: laidAt(a, first), aImage: maps.planes * maps.laid * bytes, aGroup: inputs * maps.laid * bytes },
              ...{ b: panels, bImage: groups * packed, bGroup: packed, c, add: first },
            };
            this.#force.run('weigh', groups * Math.ceil(rows / partRows), values, meanwhile);
          },
          fetch: (first, count) => {
            if (first + count === images) this.#fetch(c, sums, 0, sums.length);
          },
        };
      };
    });
    return new NdArray(transposed(sums, groups, rows, outputs), x.dtype, shape);
  }

  /** Takes all images, of so many elements each, through the room that `prepare` makes for some of them. */
  #inBlocks(images: number, elements: number, prepare: (atOnce: number) => () => Passage): void {
    const { heap, threads } = this.#force;
    const room = (threads > 1 ? TOGETHER : ALONE) / this.#layout.bytes;
    const atOnce = blockSize(images, room / elements, threads);
    const mark = heap.mark();
    passInBlocks(images, atOnce, threads, prepare(atOnce));
    heap.release(mark);
  }

  #multiply(first: number, images: number, product: Multiplication, meanwhile: () => void): void {
    const { weight, groups, rows, columns, row, from, start = 0, list, to, ...where } = product;
    const { m, k } = weight;
    if (k === 0) return;
    const { bytes } = this.#layout;
    if (rows === 1 && columns > LONGEST_ROW) {
      const whole = Math.floor(columns / LONGEST_ROW);
      const [done, toRow] = [whole * LONGEST_ROW, LONGEST_ROW * where.toStep];
      const rest = { columns: columns - done, start: done, toStart: where.toStart + done * where.toStep };
      const inRows = { ...product, rows: whole, columns: LONGEST_ROW, row: LONGEST_ROW, toRow };
      this.#multiply(first, images, inRows, meanwhile);
      if (done < columns) this.#multiply(first, images, { ...product, ...rest }, meanwhile);
      return;
    }
    const { heap, threads } = this.#force;
    const items = images * groups;
    const most = Math.max(1, Math.floor(PRODUCT_BYTES / (m * row * bytes)));
    const bandRows = Math.min(most, Math.ceil(rows / Math.ceil(this.#tasks() / items)));
    const bands = Math.ceil(rows / bandRows);
    const workBytes = m * (bandRows * row * bytes + 16);
    const mark = heap.mark();
    const work = heap.reserve(threads * workBytes);
    const values = {
      ...{ bands, bandRows, rows, columns, rowBytes: row * bytes, m, k, depth: blockDepth(k), work, workBytes },
      ...{ a: weight.pointer, aGroup: weight.groupBytes, groups, list },
      ...{ b: laidAt(from, first) + start * bytes, bItem: (from.maps.planes / groups) * from.maps.laid * bytes },
      ...{
        to: to.at(first) + where.toStart * bytes,
        toItem: (where.toImage / groups) * bytes,
        toPlane: where.toPlane * bytes,
      },
      ...{ toRow: where.toRow * bytes, toStep: where.toStep * bytes },
    };
    this.#force.run('multiply', items * bands, values, meanwhile);
    heap.release(mark);
  }

  /** How many tasks a job is best cut into. */
  #tasks(): number {
    const { threads } = this.#force;
    return threads > 1 ? TASKS_A_THREAD * threads : 1;
  }

  #reserve(elements: number): number {
    return this.#force.heap.reserve(elements * this.#layout.bytes);
  }

  #berth(array: Pick<NdArray, 'data' | 'offset'>, item: number, atOnce: number): Berth {
    return berth(this.#force.heap, array, item, atOnce);
  }

  /** The images of an array, some at a time; where none of their elements will go is zero. */
  #images(x: NdArray, maps: Maps, atOnce: number): Images {
    const dense = this.#berth(x, maps.planes * maps.plane, atOnce);
    return { maps, dense, room: isPlain(maps) ? undefined : this.#zeros(atOnce * maps.planes * maps.laid) };
  }

  #zeros(elements: number): number {
    const pointer = this.#reserve(elements);
    this.#clear(pointer, elements);
    return pointer;
  }

  #clear(to: number, elements: number): void {
    const bytes = elements * this.#layout.bytes;
    this.#force.run('clear', Math.ceil(bytes / CLEARED_BYTES), { to, bytes, taskBytes: CLEARED_BYTES });
  }

  /** Lays images out that were brought. */
  #lay({ maps, dense, room }: Images, first: number, images: number): void {
    if (room === undefined) return;
    const { bytes } = this.#layout;
    const { planes, width, plane, y, x: x1 } = maps;
    const fromPlane = plane * bytes;
    const toPlane = maps.laid * bytes;
    for (const vertical of y.stretches) {
      for (const horizontal of x1.stretches) {
        const part = vertical.part * x1.parts + horizontal.part;
        this.#force.run('copy', images, {
          to: room + ((part * y.length + vertical.to) * x1.length + horizontal.to) * bytes,
          ...{ toImage: planes * toPlane, toPlane, toRow: x1.length * bytes, toStep: bytes },
          from: dense.at(first) + (vertical.from * width + horizontal.from) * bytes,
          ...{ fromImage: planes * fromPlane, fromPlane },
          ...{ fromRow: vertical.step * width * bytes, fromStep: horizontal.step * bytes },
          ...{ planes, rows: vertical.count, columns: horizontal.count },
        });
      }
    }
  }

  #fetch(from: number, to: Data, at: number, length: number): void {
    const start = from / this.#layout.bytes;
    to.set(this.#view().subarray(start, start + length), at);
  }

  /** Distances in elements, as a list in bytes. */
  #list(elements: Int32Array): number {
    const { heap } = this.#force;
    const pointer = heap.reserve(elements.byteLength);
    const { bytes } = this.#layout;
    heap.i32.set(
      elements.map((distance) => distance * bytes),
      pointer / 4,
    );
    return pointer;
  }

  /** Packs the rows of [groups, m, k], in blocks of rows and of the depth as the product goes through them. */
  #packWeight(elements: Data, groups: number, m: number, k: number): Weight {
    const { heap, exports } = this.#force;
    const { bytes, panelRows } = this.#layout;
    const depth = blockDepth(k);
    const groupBytes = Math.ceil(m / panelRows) * panelRows * k * bytes;
    const pointer = heap.reserve(groups * groupBytes);
    const mark = heap.mark();
    const source = heap.reserve(elements.length * bytes);
    this.#view().set(elements, source / bytes);
    for (let group = 0; group < groups; group++) {
      for (let row = 0; row < m; row += BLOCK_ROWS) {
        const rows = Math.min(BLOCK_ROWS, m - row);
        const step = Math.ceil(rows / panelRows) * panelRows * bytes;
        const target = pointer + group * groupBytes + row * k * bytes;
        for (let start = 0; start < k; start += depth) {
          const from = source + ((group * m + row) * k + start) * bytes;
          const part = Math.min(depth, k - start);
          exports.packWeight(from, bytes, k * bytes, part, rows, target + start * step, part * panelRows * bytes);
        }
      }
    }
    heap.release(mark);
    return { pointer, m, k, groupBytes };
  }

  #view(): Float32Array | Float64Array {
    return this.#layout.type === 'f32' ? this.#force.heap.f32 : this.#force.heap.f64;
  }
}

/** The elements of an array in row-major order. */
function dataOf(x: NdArray): Data {
  const { data, offset, size } = contiguous(x);
  return data.subarray(offset, offset + size);
}

/** Where images that were laid out lie. */
const laidAt = ({ dense, room }: Images, first: number): number => room ?? dense.at(first);

/** How far from the first element the entries of the windows lie, for each channel. */
function distances(
  channels: number,
  { x, y, laid }: Maps,
  down: readonly Entry[],
  across: readonly Entry[],
): Int32Array {
  const list = new Int32Array(channels * down.length * across.length);
  let at = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (const v of down) {
      for (const h of across) {
        list[at++] = channel * laid + ((v.part * x.parts + h.part) * y.length + v.start) * x.length + h.start;
      }
    }
  }
  return list;
}

/** Of a weight [groups, outputs, inputs, size], some entries as [groups, inputs, outputs, entries]. */
function gathered(
  w: Data,
  groups: number,
  outputs: number,
  inputs: number,
  size: number,
  entries: readonly number[],
): Data {
  const out = w.slice(0, groups * inputs * outputs * entries.length);
  let at = 0;
  for (let group = 0; group < groups; group++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        const from = ((group * outputs + output) * inputs + input) * size;
        for (const entry of entries) out[at++] = w[from + entry]!;
      }
    }
  }
  return out;
}

/** [groups, rows, columns] as [groups, columns, rows]. */
function transposed(x: Data, groups: number, rows: number, columns: number): Data {
  const out = x.slice();
  for (let group = 0, at = 0; group < groups; group++) {
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) out[at++] = x[(group * rows + row) * columns + column]!;
    }
  }
  return out;
}
