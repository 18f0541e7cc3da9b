/**
 * Encodes and decodes the messages of event files, which are protocol buffers. Source: TensorBoard,
 * `compat/proto/event.proto`, `summary.proto`, `histogram.proto` and `tensor.proto`.
 */

import { type BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** A histogram: the number of values in each bucket. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  /** The number of values. */
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** The upper limit of each bucket, ascending. */
  readonly limits: readonly number[];
  /** The number of values of each bucket. */
  readonly counts: readonly number[];
}

/** The content of an event. */
export type EventContent =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'scalar'; readonly tag: string; readonly value: number }
  | { readonly kind: 'histogram'; readonly tag: string; readonly histogram: Histogram }
  /** The bytes of an image file, for example a PNG file. */
  | {
      readonly kind: 'image';
      readonly tag: string;
      readonly width: number;
      readonly height: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'text'; readonly tag: string; readonly text: string }
  /** Any other content, for example a graph. */
  | { readonly kind: 'other'; readonly tag: string };

/** An event of a file. */
export type LogEvent = EventContent & {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
};

/** TensorFlow's number for the dtype of strings. */
const DT_STRING = 7;

type Message = (writer: BinaryWriter) => void;

/** Writes a message as a field of another. */
function nested(writer: BinaryWriter, field: number, message: Message): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  message(writer);
  writer.join();
}

const text = (writer: BinaryWriter, field: number, value: string) =>
  writer.tag(field, WireType.LengthDelimited).string(value);
const double = (writer: BinaryWriter, field: number, value: number) => writer.tag(field, WireType.Bit64).double(value);
const integer = (writer: BinaryWriter, field: number, value: number) => writer.tag(field, WireType.Varint).int64(value);
const doubles = (writer: BinaryWriter, field: number, values: readonly number[]) =>
  nested(writer, field, (w) => {
    for (const value of values) w.double(value);
  });

/** The number of channels of an image, which the format calls its color space. */
const RGBA = 4;

/** Writes the content of a value. */
function writeContent(writer: BinaryWriter, content: EventContent): void {
  if (content.kind === 'scalar') writer.tag(2, WireType.Bit32).float(content.value);
  else if (content.kind === 'image') {
    nested(writer, 4, (w) => {
      integer(w, 1, content.height);
      integer(w, 2, content.width);
      integer(w, 3, RGBA);
      w.tag(4, WireType.LengthDelimited).bytes(content.bytes);
    });
  } else if (content.kind === 'histogram') {
    const { min, max, count, sum, sumOfSquares, limits, counts } = content.histogram;
    nested(writer, 5, (w) => {
      for (const [i, value] of [min, max, count, sum, sumOfSquares].entries()) double(w, i + 1, value);
      doubles(w, 6, limits);
      doubles(w, 7, counts);
    });
  } else if (content.kind === 'text') {
    nested(writer, 9, (w) => nested(w, 1, (plugin) => text(plugin, 1, 'text')));
    nested(writer, 8, (w) => {
      w.tag(1, WireType.Varint).int32(DT_STRING);
      nested(w, 2, (shape) => nested(shape, 2, (axis) => integer(axis, 1, 1)));
      text(w, 8, content.text);
    });
  }
}

/** Encodes an event as a message. */
export function encodeMessage(event: LogEvent): Uint8Array {
  const writer = new BinaryWriter();
  double(writer, 1, event.wallTime);
  integer(writer, 2, event.step);
  if (event.kind === 'version') text(writer, 3, event.version);
  else {
    nested(writer, 5, (summary) =>
      nested(summary, 1, (value) => {
        text(value, 1, event.tag);
        writeContent(value, event);
      }),
    );
  }
  return writer.finish();
}

type Fields = Readonly<Record<number, (reader: BinaryReader, type: WireType) => void>>;

/** Reads the fields of a message up to `end`, and skips unknown ones. */
function readFields(reader: BinaryReader, end: number, fields: Fields): void {
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (read === undefined) reader.skip(type, field);
    else read(reader, type);
  }
}

/** Returns a function that reads a nested message. */
const inside = (fields: Fields) => (reader: BinaryReader) => {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a message ends after the end of the file');
  readFields(reader, end, fields);
};

/** Returns a function that reads a field of float64 numbers, packed or one by one. */
const readDoubles = (into: number[]) => (reader: BinaryReader, type: WireType) => {
  const end = type === WireType.LengthDelimited ? reader.uint32() + reader.pos : reader.pos + 1;
  while (reader.pos < end) into.push(reader.double());
};

function readHistogram(reader: BinaryReader): Histogram {
  const numbers = [0, 0, 0, 0, 0];
  const [limits, counts]: [number[], number[]] = [[], []];
  const fields = numbers.map((_, i) => [
    i + 1,
    (r: BinaryReader) => {
      numbers[i] = r.double();
    },
  ]);
  inside({ ...Object.fromEntries(fields), 6: readDoubles(limits), 7: readDoubles(counts) })(reader);
  const [min, max, count, sum, sumOfSquares] = numbers as [number, number, number, number, number];
  return { min, max, count, sum, sumOfSquares, limits, counts };
}

/** Reads one value of a summary. */
function readValue(reader: BinaryReader): EventContent {
  let [tag, plugin, string]: [string, string, string | undefined] = ['', '', undefined];
  let found: ((tag: string) => EventContent) | undefined;
  inside({
    1: (r) => {
      tag = r.string();
    },
    2: (r) => {
      const value = r.float();
      found = (name) => ({ kind: 'scalar', tag: name, value });
    },
    4: (r) => {
      let [height, width, bytes] = [0, 0, new Uint8Array(0)];
      inside({
        1: (image) => {
          height = image.int32();
        },
        2: (image) => {
          width = image.int32();
        },
        4: (image) => {
          bytes = image.bytes().slice();
        },
      })(r);
      found = (name) => ({ kind: 'image', tag: name, width, height, bytes });
    },
    5: (r) => {
      const histogram = readHistogram(r);
      found = (name) => ({ kind: 'histogram', tag: name, histogram });
    },
    8: inside({
      8: (tensor) => {
        string = tensor.string();
      },
    }),
    9: inside({
      1: inside({
        1: (data) => {
          plugin = data.string();
        },
      }),
    }),
  })(reader);
  if (plugin === 'text' && string !== undefined) return { kind: 'text', tag, text: string };
  return found?.(tag) ?? { kind: 'other', tag };
}

/** Decodes a message to the events in it. */
export function decodeMessage(reader: BinaryReader): LogEvent[] {
  let [wallTime, step] = [0, 0];
  const contents: EventContent[] = [];
  readFields(reader, reader.len, {
    1: (r) => {
      wallTime = r.double();
    },
    2: (r) => {
      step = Number(r.int64());
    },
    3: (r) => contents.push({ kind: 'version', version: r.string() }),
    5: inside({ 1: (r) => contents.push(readValue(r)) }),
  });
  if (contents.length === 0) contents.push({ kind: 'other', tag: '' });
  return contents.map((content) => ({ ...content, wallTime, step }));
}
