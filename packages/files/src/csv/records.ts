/** The records of a CSV file, parsed while its bytes arrive. */

import { ArgumentError } from '@tapegrad/core';
import Papa from 'papaparse';
import { gunzipper, isGzip } from '../compression/gunzip.ts';
import { FormatError } from '../format-error.ts';

/** The options of parsing. */
export interface RecordOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
  /** What stands between values: one character. Defaults to the likeliest of comma, semicolon, tab and `|`. */
  readonly delimiter?: string;
  /** The encoding, by its label in the WHATWG Encoding Standard. Defaults to `utf-8`. */
  readonly encoding?: string;
  /** The most bytes that a file may have, and that one packed with gzip may unpack to. Defaults to 64 GiB. */
  readonly maxBytes?: number;
}

/** Takes the pieces of a file in order. */
type Push = (bytes: Uint8Array, isLast: boolean) => void;

/** More than any record has, so that a quote without an end doesn't collect the rest of a large file. */
const MAX_RECORD_CHARACTERS = 2 ** 24;

/** Characters that are parsed at once. */
const CHUNK_CHARACTERS = 2 ** 18;

/** Characters from which the delimiter is guessed. */
const SAMPLE_CHARACTERS = 2 ** 16;

const MAX_BYTES = 2 ** 36;

const DELIMITERS = [',', ';', '\t', '|'];

/** What a parser of Papa returns. */
interface Parsed {
  readonly data: string[][];
  readonly errors: readonly { readonly row?: number; readonly message: string }[];
  readonly meta: { readonly cursor: number };
}

/** Returns the character between the values of a sample. */
function guessDelimiter(sample: string): string {
  const { delimiter } = Papa.parse(sample, { preview: 20, delimitersToGuess: DELIMITERS, skipEmptyLines: true }).meta;
  return DELIMITERS.includes(delimiter) ? delimiter : ',';
}

/** Makes the parser of a file, whose first characters tell the delimiter and the ends of lines. */
function parserFor(sample: string, delimiter: string = guessDelimiter(sample)): Papa.Parser {
  // A carriage return before a line feed is a blank at the end of the last value, and blanks are dropped.
  const newline = sample.includes('\r') && !sample.includes('\n') ? '\r' : '\n';
  return new Papa.Parser({ delimiter, newline });
}

/** Returns a text without the quotes, blanks and ends of lines at its end: what they mean depends on what comes next. */
function withoutUncertain(text: string): string {
  let end = text.length;
  while (end > 0 && '" \t\r\n'.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Makes a function that takes pieces of text, and hands on the records that are complete. */
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
        `record ${done + (fault.row ?? 0) + 1}: ${fault.message.toLowerCase()}; write a quote in quotes twice`,
      );
    }
    pending = pending.slice(isLast ? pending.length : meta.cursor);
    if (pending.length > MAX_RECORD_CHARACTERS) {
      const wanted = `expected at most ${MAX_RECORD_CHARACTERS} characters; is a quote never closed?`;
      throw new FormatError(name, `record ${done + data.length + 1}: ${wanted}`);
    }
    done += data.length;
    // A record that is longer than a piece is parsed anew only when its length has doubled.
    enough = Math.max(CHUNK_CHARACTERS, 2 * pending.length);
    emit(data);
  };
}

/** Returns where the first byte is that isn't UTF-8, in a piece of a file. */
function firstFault(bytes: Uint8Array): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  return new TextEncoder().encode(text.slice(0, Math.max(0, text.indexOf('\ufffd')))).length;
}

function makeDecoder(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new ArgumentError(`decodeCsv: unknown encoding '${encoding}', expected one as utf-8 or windows-1252`);
  }
}

/**
 * Makes a function that takes the bytes of a CSV file in order, packed with gzip or not, and hands on the records that are
 * complete: lists of the values as they are written, without quotes. The header is the first record.
 *
 * @throws FormatError, on a call of the function, for bytes of another encoding, quotes that don't match, a record of more than
 * 16 Mi characters, and more than `maxBytes` bytes.
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
          `expected text of the encoding ${encoding}; name the file's own by encoding: …`,
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
