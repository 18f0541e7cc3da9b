/** Sources read exactly the requested bytes, or throw an error with the reason. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ByteSource, blobSource, bytesSource, FormatError, urlSource } from '@tapegrad/files';
import { fileSource, readBytes } from '@tapegrad/files/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const folder = mkdtempSync(join(tmpdir(), 'sources-'));
const path = join(folder, 'numbers.bin');
let server: Server;
let origin: string;
let tag = '"one"';

/** Answers requests according to their path: with ranges, without them, or incorrectly. */
function answer({ url, headers, method }: IncomingMessage, response: ServerResponse): void {
  const [, first, last] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [];
  const bytes = url === '/empty.bin' ? new Uint8Array(0) : content;
  if (url === '/missing.bin') response.writeHead(404).end();
  else if (url === '/short.bin' && last !== '0') {
    response.writeHead(206, { 'content-range': `bytes ${first}-${last}/1000` }).end(content.subarray(0, 3));
  } else if (url === '/whole.bin' || first === undefined) {
    response.writeHead(200, { 'content-length': bytes.length }).end(method === 'HEAD' ? undefined : bytes);
  } else if (bytes.length === 0) response.writeHead(416, { 'content-range': 'bytes */0' }).end();
  else if ((headers['if-range'] ?? tag) !== tag) response.writeHead(200).end(bytes);
  else {
    const range = url === '/hidden.bin' ? {} : { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
    response.writeHead(206, { etag: tag, ...range }).end(bytes.subarray(Number(first), Number(last) + 1));
  }
}

beforeAll(async () => {
  writeFileSync(path, content);
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  server.close();
});

const kinds: Readonly<Record<string, () => Promise<ByteSource>>> = {
  bytesSource: async () => bytesSource(content, 'numbers.bin'),
  blobSource: async () => blobSource(new File([content], 'numbers.bin')),
  fileSource: () => fileSource(path),
  urlSource: () => urlSource(new URL(`${origin}/numbers.bin?version=2`)),
  'urlSource where the range is hidden': () => urlSource(`${origin}/hidden.bin`),
};

describe.each(Object.keys(kinds))('%s', (kind) => {
  test('reads ranges', async () => {
    const source = await kinds[kind]!();
    expect(source.size).toBe(1000);
    expect(source.name).toMatch(/(numbers|hidden)\.bin$/);
    for (const [offset, length] of [
      [0, 1000],
      [7, 3],
      [999, 1],
      [1000, 0],
      [5, 0],
    ] as const) {
      expect([...(await source.read(offset, length))]).toEqual([...content.subarray(offset, offset + length)]);
    }
    if ('close' in source) await (source as Awaited<ReturnType<typeof fileSource>>).close();
  });

  test('refuses ranges that are not in the file', async () => {
    const source = await kinds[kind]!();
    for (const [offset, length] of [
      [0, 1001],
      [-1, 2],
      [1001, 0],
      [0.5, 1],
      [2 ** 60, 1],
    ] as const) {
      const error = await source.read(offset, length).catch((e) => e);
      expect(error).toBeInstanceOf(FormatError);
      expect(error).toMatchObject({ offset, message: expect.stringMatching(/\.bin: byte .*: truncated/) });
    }
    if ('close' in source) await (source as Awaited<ReturnType<typeof fileSource>>).close();
  });
});

describe('urlSource', () => {
  test('reads an empty file', async () => {
    const source = await urlSource(`${origin}/empty.bin`);
    expect(source.size).toBe(0);
    expect(await source.read(0, 0)).toEqual(new Uint8Array(0));
  });

  test.each([
    ['missing.bin', 'answered with status 404'],
    ['whole.bin', 'expected a range of bytes, but the server'],
  ])('refuses %s', async (name, message) => {
    await expect(urlSource(`${origin}/${name}`)).rejects.toThrow(message);
    await expect(urlSource(`${origin}/${name}`)).rejects.toThrow(FormatError);
  });

  test('refuses an answer of another length, a server that is away, and a file that changes', async () => {
    const short = await urlSource(`${origin}/short.bin`);
    await expect(short.read(0, 10)).rejects.toThrow('short.bin: byte 0: expected 10 bytes');
    await expect(urlSource('http://127.0.0.1:1/x.bin')).rejects.toThrow(
      "x.bin: the server of http://127.0.0.1:1/x.bin can't",
    );
    const source = await urlSource(`${origin}/numbers.bin`);
    tag = '"two"';
    await expect(source.read(0, 10)).rejects.toThrow('changed while it was read; open it again');
  });

  test('sends headers, by the fetch that it was given', async () => {
    const sent: unknown[] = [];
    const fetch = async (_: string, { headers }: { headers: Record<string, string> }) => {
      sent.push(headers);
      return new Response('x', { status: 206, headers: { 'content-range': 'bytes 0-0/1' } });
    };
    const source = await urlSource('https://a/b', { headers: { authorization: 'me' }, fetch });
    await source.read(0, 1);
    expect(sent).toEqual([
      { authorization: 'me', range: 'bytes=0-0' },
      { authorization: 'me', range: 'bytes=0-0' },
    ]);
  });
});

describe('files that are not there', () => {
  test.each([
    ['none', 'there is no such file'],
    ['', 'expected a file, got something else'],
  ])("'%s' is an error of ours", async (name, message) => {
    expect(() => readBytes(join(folder, name))).toThrow(FormatError);
    expect(() => readBytes(join(folder, name))).toThrow(message);
    await expect(fileSource(join(folder, name))).rejects.toThrow(message);
  });

  test('a file is read whole, up to a size', () => {
    expect([...readBytes(path)]).toEqual([...content]);
    expect(() => readBytes(path, { maxBytes: 999 })).toThrow('numbers.bin: expected at most 999 bytes, got 1000');
  });
});
