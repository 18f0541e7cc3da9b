/** Event files, which TensorBoard shows as curves, histograms, images and texts. */

import { BinaryReader } from '@bufbuild/protobuf/wire';
import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { FormatError } from '../format-error.ts';
import type { NamedArray } from '../named-array.ts';
import { decodeMessage, type EventContent, encodeMessage, type Histogram, type LogEvent } from './messages.ts';
import { encodeRecord, recordsOf } from './records.ts';

/** The version, with which every file begins. */
const VERSION = 'brain.Event:2';

/** The number of buckets of a histogram, the same as in TensorFlow. */
const BUCKETS = 30;

/** The destination of the bytes of an event file, for example `eventFile(folder)` of `@tapegrad/files/node`. */
export interface EventSink {
  /** Takes the next bytes of the file. */
  write(bytes: Uint8Array): void;
  /** Closes the file. */
  close?(): void;
}

/** Counts values in 30 buckets of equal width. Values that aren't finite are left out. */
function histogramOf(values: ArrayLike<number>): Histogram {
  let [min, max, count, sum, sumOfSquares] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count++;
    sum += value;
    sumOfSquares += value * value;
  }
  if (count === 0) return { min: 0, max: 0, count: 0, sum: 0, sumOfSquares: 0, limits: [0], counts: [0] };
  const buckets = min === max ? 1 : BUCKETS;
  // Divided before subtracting, since the difference of two large numbers can be infinite.
  const width = max / buckets - min / buckets;
  const limits = Array.from({ length: buckets }, (_, i) => (i === buckets - 1 ? max : min + width * (i + 1)));
  const counts = new Array<number>(buckets).fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    const bucket = width > 0 ? Math.floor((value - min) / width) : 0;
    counts[Math.min(buckets - 1, bucket)]!++;
  }
  return { min, max, count, sum, sumOfSquares, limits, counts };
}

/** Returns width and height of a PNG file. */
function sizeOfPng(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 33 || view.getUint32(0) !== 0x89504e47 || view.getUint32(12) !== 0x49484452) {
    throw new ArgumentError(
      'image: expected the bytes of a PNG file; encodePng(tensorImage(x)) makes them from a tensor',
    );
  }
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** The options of `EventWriter`. */
export interface EventWriterOptions {
  /** Returns the time in seconds since 1970. Defaults to the host's clock. */
  readonly now?: () => number;
}

/**
 * Writes events for TensorBoard. Each event is passed to the sink immediately, in one call, so that TensorBoard can
 * show it during training.
 *
 * @example
 * const pieces: Uint8Array[] = [];
 * const log = new EventWriter({ write: (bytes) => void pieces.push(bytes) });
 * log.scalar('loss', 0.5, 0);
 * log.histogram('weights', tensor([0.1, -0.2, 0.4]), 0);
 * log.close();
 * pieces.length; // 3
 */
export class EventWriter {
  readonly #sink: EventSink;
  readonly #now: () => number;

  /**
   *
   * @param sink The destination of the bytes. The version of the format is written to it immediately.
   */
  constructor(sink: EventSink, options: EventWriterOptions = {}) {
    checkOptions('EventWriter', options, ['now']);
    this.#sink = sink;
    this.#now = options.now ?? (() => Date.now() / 1000);
    this.#write({ kind: 'version', version: VERSION }, 0);
  }

  #write(content: EventContent, step: number): void {
    this.#sink.write(encodeRecord(encodeMessage({ ...content, wallTime: this.#now(), step })));
  }

  #add(call: string, content: Exclude<EventContent, { kind: 'version' }>, step: number): void {
    if (typeof content.tag !== 'string' || content.tag === '') {
      throw new ArgumentError(`${call}: expected a name, got ${describeValue(content.tag)}`);
    }
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new ArgumentError(`${call}: expected a step, an integer of at least 0, got ${describeValue(step)}`);
    }
    this.#write(content, step);
  }

  /**
   * Adds a point to a curve. The value is rounded to float32, the type in the format.
   *
   * @param tag The name of the curve. A slash groups curves: `loss/train`.
   */
  scalar(tag: string, value: number, step: number): void {
    if (typeof value !== 'number') throw new ArgumentError(`scalar: expected a number, got ${describeValue(value)}`);
    this.#add('scalar', { kind: 'scalar', tag, value }, step);
  }

  /** Adds a histogram of a tensor's elements, or of numbers. Elements that aren't finite are left out. */
  histogram(tag: string, values: NamedArray | ArrayLike<number>, step: number): void {
    const numbers = 'data' in values ? values.data : values;
    this.#add('histogram', { kind: 'histogram', tag, histogram: histogramOf(numbers) }, step);
  }

  /**
   * Adds an image.
   *
   * @param png The bytes of a PNG file. For a tensor, use `encodePng(tensorImage(x))` of `@tapegrad/files/images`.
   */
  image(tag: string, png: Uint8Array, step: number): void {
    this.#add('image', { kind: 'image', tag, ...sizeOfPng(png), bytes: png }, step);
  }

  /** Adds a text, which TensorBoard shows as Markdown. */
  text(tag: string, text: string, step: number): void {
    if (typeof text !== 'string') throw new ArgumentError(`text: expected text, got ${describeValue(text)}`);
    this.#add('text', { kind: 'text', tag, text }, step);
  }

  /** Closes the sink. */
  close(): void {
    this.#sink.close?.();
  }
}

/** The options of `decodeEvents`. */
export interface DecodeEventsOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
  /**
   * Whether the last event may be incomplete, as in a file that is being written. It is then ignored. Defaults to
   * false.
   */
  readonly allowPartial?: boolean;
}

/**
 * Decodes the events of a file, also of one that another program has written: scalars, histograms, images and texts.
 * All other events have the kind `other`.
 *
 * @throws FormatError for a wrong checksum, an invalid message, and an incomplete file unless `allowPartial` is set.
 * @example
 * const pieces: Uint8Array[] = [];
 * const log = new EventWriter({ write: (bytes) => void pieces.push(bytes) });
 * log.scalar('loss', 0.5, 7);
 * const [event] = decodeEvents(pieces[1]!);
 * event?.kind; // 'scalar'
 * event?.step; // 7
 */
export function decodeEvents(bytes: Uint8Array, options: DecodeEventsOptions = {}): readonly LogEvent[] {
  checkOptions('decodeEvents', options, ['name', 'allowPartial']);
  const { name = 'bytes', allowPartial = false } = options;
  const events: LogEvent[] = [];
  for (const record of recordsOf(name, bytes, allowPartial)) {
    try {
      events.push(...decodeMessage(new BinaryReader(record.bytes)));
    } catch (error) {
      throw new FormatError(name, `a broken event: ${(error as Error).message}`, record.offset);
    }
  }
  return events;
}
