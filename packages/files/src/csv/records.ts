/** Parses the records of a CSV file piece by piece. */

import { ArgumentError } from '@tapegrad/core';
import Papa from 'papaparse';
import { gunzipper, isGzip } from '../compression/gunzip.ts';
import { FormatError } from '../format-error.ts';

/** The options of parsing. */
export interface RecordOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
  /** The character between values. Defaults to the likeliest of comma, semicolon, tab and `|`. */
  readonly delimiter?: string;
  /** The encoding, by its label in the WHATWG Encoding Standard. Defaults to `utf-8`. */
  readonly encoding?: string;
  /** The maximum size of the file in bytes, both compressed and decompressed. Defaults to 64 GiB. */
  readonly maxBytes?: number;
}

/** Takes the pieces of a file in order. */
type Push = (bytes: Uint8Array, isLast: boolean) => void;

/**
 * The maximum length of a record. It is larger than any real record, and keeps an unclosed quote from collecting the
 * rest of a large file.
 */
const MAX_RECORD_CHARACTERS = 2 ** 24;

/** The number of characters parsed at once. */
const CHUNK_CHARACTERS = 2 ** 18;

/** The number of characters from which the delimiter is guessed. */
const SAMPLE_CHARACTERS = 2 ** 16;

const MAX_BYTES = 2 ** 36;

const DELIMITERS = [',', ';', '\t', '|'];

/** The result of a Papa Parse parser. */
interface Parsed {
  readonly data: string[][];
  readonly errors: readonly { readonly row?: number; readonly message: string }[];
  readonly meta: { readonly cursor: number };
}

/** Guesses the delimiter from the beginning of a file. */
function guessDelimiter(sample: string): string {
  const { delimiter } = Papa.parse(sample, { preview: 20, delimitersToGuess: DELIMITERS, skipEmptyLines: true }).meta;
  return DELIMITERS.includes(delimiter) ? delimiter : ',';
}

/** Makes the parser of a file. The file's first characters determine the delimiter and the line ends. */
function parserFor(sample: string, delimiter: string = guessDelimiter(sample)): Papa.Parser {
  // A carriage return before a line feed counts as whitespace at the end of the last value, which is dropped.
  const newline = sample.includes('\r') && !sample.includes('\n') ? '\r' : '\n';
  return new Papa.Parser({ delimiter, newline });
}

/**
 * Returns a text without the quotes, whitespace and line ends at its end, whose meaning depends on the characters that
 * follow.
 */
function withoutUncertain(text: string): string {
  let end = text.length;
  while (end > 0 && '" \t\r\n'.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Makes a function that takes pieces of text, and calls `emit` with the complete records. */
function textParser(
  name: string,
  delimiter: string | undefined,
  emit: (records: string[][]) => void,
): (text: string, isLast: boolean) => void {
  let pending = '';
  let [enough, done] = [CHUNK_CHARACTERS, 0];
  let parser: Papa.Parser | undefined;
  return (text, isLast) => {
    pending += text;
    if (!isLast && pending.length < enough) return;
    parser ??= parserFor(pending.slice(0, SAMPLE_CHARACTERS), delimiter);
    const { data, errors, meta }: Parsed = parser.parse(isLast ? pending : withoutUncertain(pending), 0, !isLast);
    const [fault] = errors;
    if (fault !== undefined) {
      throw new FormatError(
        name,
        `record ${done + (fault.row ?? 0) + 1}: ${fault.message.toLowerCase()}; double a quote inside quotes`,
      );
    }
    pending = pending.slice(isLast ? pending.length : meta.cursor);
    if (pending.length > MAX_RECORD_CHARACTERS) {
      const wanted = `expected at most ${MAX_RECORD_CHARACTERS} characters; is a quote never closed?`;
      throw new FormatError(name, `record ${done + data.length + 1}: ${wanted}`);
    }
    done += data.length;
    // A record that is longer than a piece is parsed again only when its length has doubled.
    enough = Math.max(CHUNK_CHARACTERS, 2 * pending.length);
    emit(data);
  };
}

/** Returns the offset of the first byte of a piece that isn't UTF-8. */
function firstFault(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return new TextEncoder().encode(text.slice(0, Math.max(0, text.indexOf('\ufffd')))).length;
}

function makeDecoder(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new ArgumentError(`decodeCsv: unknown encoding '${encoding}', expected one such as utf-8 or windows-1252`);
  }
}

/**
 * Makes a function that takes the bytes of a CSV file in order, compressed with gzip or not, and calls `emit` with the
 * complete records. A record is the list of its values as they are written, without quotes. The header is the first
 * record.
 *
 * @throws FormatError, when the function is called, for bytes of another encoding, quotes that don't match, a record of
 *   more than 16 Mi characters, and more than `maxBytes` bytes.
 */
export function recordParser(options: RecordOptions, emit: (records: string[][]) => void): Push {
  const { name = 'bytes', delimiter, encoding = 'utf-8', maxBytes = MAX_BYTES } = options;
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
    throw new ArgumentError(`decodeCsv: expected a delimiter of one character, not a quote, got '${delimiter}'`);
  }
  const decoder = makeDecoder(encoding);
  const parse = textParser(name, delimiter, emit);
  let length = 0;

  const decode: Push = (bytes, isLast) => {
    for (let start = 0; start < bytes.length || start === 0; start += CHUNK_CHARACTERS) {
      const piece = bytes.subarray(start, start + CHUNK_CHARACTERS);
      const isEnd = isLast && start + CHUNK_CHARACTERS >= bytes.length;
      let text: string;
      try {
        text = decoder.decode(piece, { stream: !isEnd });
      } catch {
        const offset = length + (decoder.encoding === 'utf-8' ? firstFault(piece) : 0);
        throw new FormatError(
          name,
          `expected text in the encoding ${encoding}; pass the file's encoding as { encoding: … }`,
          offset,
        );
      }
      length += piece.length;
      if (length > maxBytes) throw new FormatError(name, `expected at most ${maxBytes} bytes`, maxBytes);
      parse(text, isEnd);
    }
  };
  let push: Push | undefined;
  return (bytes, isLast) => {
    if (push === undefined && isGzip(bytes)) {
      const unpack = gunzipper({ name, maxBytes }, (piece) => decode(piece, false));
      push = (packed, isEnd) => {
        unpack(packed, isEnd);
        if (isEnd) decode(new Uint8Array(0), true);
      };
    }
    push ??= decode;
    push(bytes, isLast);
  };
}
