/** Decodes the bytes of a page. */

const decoders = [
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/** Returns the text of a file in UTF-8, or in UTF-16 with a byte order mark. Throws if it is not text. */
export function textOfBytes(bytes: Uint8Array): string {
  const wide = decoders.find(({ mark }) => mark.every((byte, i) => bytes[i] === byte));
  try {
    const text = new TextDecoder(wide?.encoding ?? 'utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // The message is the same as for a binary file without invalid sequences.
  }
  throw new Error("it isn't text in UTF-8");
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
  ENOTDIR: 'part of its path is not a folder',
};

/** Returns why a file can't be read or written, without the details of the system call. */
export function reasonFor(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const known = typeof code === 'string' ? reasons[code] : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}
