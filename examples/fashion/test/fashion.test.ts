import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Random, zeros } from '@tapegrad/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FILES, fashionFolder } from '../src/data.ts';
import { network } from '../src/model.ts';

describe('the data set', () => {
  let cache: string;
  let server: Server;
  let answer: (path: string) => Uint8Array | undefined;
  const source = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeEach(async () => {
    cache = mkdtempSync(join(tmpdir(), 'fashion-'));
    server = createServer((request, response) => {
      const body = answer(request.url!);
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  });

  afterEach(() => {
    vi.restoreAllMocks();
    server.close();
    rmSync(cache, { recursive: true });
  });

  test('is taken from a folder that has it', async () => {
    for (const name of Object.keys(FILES)) writeFileSync(join(cache, name), '');
    expect(await fashionFolder({ cache: join(cache, 'none'), folders: [cache], sources: [] })).toBe(cache);
  });

  test('other bytes than its own are refused, and leave nothing behind', async () => {
    answer = () => gzipSync('something else');
    const other = createHash('sha256').update('something else').digest('hex');
    const run = fashionFolder({ cache, folders: [], sources: [source()] });
    await expect(run).rejects.toThrow(`its SHA-256 is ${other}`);
    expect(readdirSync(cache)).toEqual([]);
  });

  test.each([
    ['a missing file', undefined, 'status 404'],
    ['what is no gzip', Buffer.from('text'), 'incorrect header check'],
  ])('%s is an error that says what to do', async (_, body, fault) => {
    answer = () => body;
    const run = fashionFolder({ cache, folders: [], sources: [source()] });
    await expect(run).rejects.toThrow('name it by --data');
    await expect(fashionFolder({ cache, folders: [], sources: [source()] })).rejects.toThrow(fault);
    expect(existsSync(join(cache, 'train-images-idx3-ubyte.gz'))).toBe(false);
  });
});

test('the network gives a score for each kind', () => {
  const model = network({ random: new Random(1), dropout: 0.5 });
  model.eval();
  expect(model.forward(zeros([2, 1, 28, 28])).shape).toEqual([2, 10]);
});
