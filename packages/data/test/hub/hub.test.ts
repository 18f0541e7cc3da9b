import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubError, type HubFileOptions, hubFile } from '@tapegrad/data/hub';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { COMMIT, checksum, HubServer } from './server.ts';

const small = { bytes: new TextEncoder().encode('{"model": 1}') };
const large = { bytes: Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251), isLarge: true };

let server: HubServer;
let options: HubFileOptions & { readonly cache: string };

beforeEach(async () => {
  server = new HubServer();
  server.files.set('config.json', small).set('nested/model.bin', large);
  options = { cache: mkdtempSync(join(tmpdir(), 'tapegrad-hub-')), hubUrl: await server.start() };
});

afterEach(async () => {
  await server.stop();
  rmSync(options.cache, { recursive: true });
});

const get = (path: string, more: HubFileOptions = {}) => hubFile('owner/name', path, { ...options, ...more });
const folder = () => join(options.cache, 'models--owner--name');

/** Checks the contents of a file. Comparing buffers as lists takes seconds. */
const expectBytes = (path: string, { bytes }: { readonly bytes: Uint8Array }) =>
  expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);

test.each([
  ['config.json', small],
  ['nested/model.bin', large],
])('%s arrives, and the layout is that of the library of Python', async (path, file) => {
  const got = await get(path);
  expectBytes(got, file);
  expect(got).toBe(join(folder(), 'snapshots', COMMIT, path));
  expect(lstatSync(got).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder(), 'refs', 'main'), 'utf8')).toBe(COMMIT);
  expectBytes(join(folder(), 'blobs', checksum(file)), file);
  expect(readdirSync(join(folder(), 'blobs'))).toHaveLength(1);
});

test('a file is downloaded once, and a commit is not even looked up', async () => {
  const first = await get('config.json');
  const requests = server.requests.length;
  expect(await get('config.json')).toBe(first);
  expect(server.requests.slice(requests).map(({ range }) => range)).toEqual(['bytes=0-0']);
  expect(await get('config.json', { revision: COMMIT })).toBe(first);
  expect(await get('config.json', { offline: true })).toBe(first);
  expect(server.requests).toHaveLength(requests + 1);
});

test('a file that changes is downloaded anew', async () => {
  await get('config.json');
  const changed = { bytes: new TextEncoder().encode('{"model": 2}') };
  server.files.set('config.json', changed);
  expect(readFileSync(await get('config.json'), 'utf8')).toBe('{"model": 2}');
  expect(readdirSync(join(folder(), 'blobs'))).toHaveLength(2);
});

test('a download that is broken off continues', async () => {
  server.faults.push({ after: 100_000 });
  await expect(get('nested/model.bin')).rejects.toThrow('call again to get the rest');
  const partial = `${join(folder(), 'blobs', checksum(large))}.incomplete`;
  const { size } = lstatSync(partial);
  expect(size).toBeGreaterThan(0);
  expectBytes(await get('nested/model.bin'), large);
  expect(server.requests.at(-1)?.range).toBe(`bytes=${size}-`);
  expect(existsSync(partial)).toBe(false);
});

test('a server without ranges sends all of it again', async () => {
  server.faults.push({ after: 100_000 }, { ignoresRanges: true });
  await expect(get('nested/model.bin')).rejects.toThrow(HubError);
  expectBytes(await get('nested/model.bin'), large);
});

test('what was left on disk is checked, and removed if it is damaged', async () => {
  const partial = `${join(folder(), 'blobs', checksum(large))}.incomplete`;
  server.faults.push({ after: 100_000 });
  await expect(get('nested/model.bin')).rejects.toThrow(HubError);
  const damaged = readFileSync(partial);
  damaged[0] = 255;
  writeFileSync(partial, damaged);
  await expect(get('nested/model.bin')).rejects.toThrow('expected contents with the checksum');
  expect(existsSync(partial)).toBe(false);
  expect(existsSync(join(folder(), 'snapshots'))).toBe(false);
  expectBytes(await get('nested/model.bin'), large);
  writeFileSync(partial, new Uint8Array(400_000));
  rmSync(join(folder(), 'blobs', checksum(large)));
  expectBytes(await get('nested/model.bin'), large);
});

test('contents with another checksum are refused', async () => {
  server.files.set('config.json', { ...small, etag: '0'.repeat(40) });
  await expect(get('config.json')).rejects.toThrow(
    `hubFile: owner/name/config.json: expected contents with the checksum ${'0'.repeat(40)}, got ${checksum(small)}`,
  );
  expect(readdirSync(join(folder(), 'blobs'))).toEqual([]);
});

test('without a network, the last version serves, or an error says what to do', async () => {
  const first = await get('config.json');
  await server.stop();
  expect(await get('config.json')).toBe(first);
  await expect(get('nested/model.bin')).rejects.toThrow(
    `the Hub can't be reached, and the file is not in the cache ${folder()}; connect to the network`,
  );
  await expect(get('nested/model.bin', { offline: true })).rejects.toThrow('call once without { offline: true }');
  await expect(get('config.json', { revision: 'other' })).rejects.toThrow("the Hub can't be reached");
  await server.start();
});

test.each([
  [401, 'there is no such repository, or no access; check'],
  [403, 'access is refused; accept the conditions at'],
  [429, 'too many requests'],
  [500, 'the Hub answers with an error'],
])('status %i is told', async (status, message) => {
  server.refusal = status;
  await expect(get('config.json')).rejects.toThrow(message);
  await expect(get('config.json')).rejects.toMatchObject({
    name: 'HubError',
    status,
    repo: 'owner/name',
    path: 'config.json',
  });
});

test('a missing file and a missing repository are told', async () => {
  await expect(get('other.json')).rejects.toThrow("there is no such file at 'main'; ");
  await expect(hubFile('owner/other', 'config.json', options)).rejects.toThrow("no such repository or revision 'main'");
});

test('an answer with an error while downloading is told', async () => {
  server.faults.push({ status: 503 });
  await expect(get('config.json')).rejects.toThrow('the server answered 503');
});

test('the token goes along', async () => {
  await get('config.json', { token: 'hf_secret' });
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(['Bearer hf_secret', 'Bearer hf_secret']);
});

test.each([
  ['../x', 'a', "expected a repository as 'owner/name', got '../x'"],
  ['a/b/c', 'a', "got 'a/b/c'"],
  ['owner/name', '../secret', "expected a path within the repository, got '../secret'"],
  ['owner/name', 'a/../../b', 'expected a path within the repository'],
  ['owner/name', '/etc/passwd', 'expected a path within the repository'],
  ['owner/name', 'C:\\x', 'expected a path within the repository'],
  ['owner/name', '', 'expected a path within the repository'],
])('the names %j %j are refused', async (repo, path, message) => {
  await expect(hubFile(repo, path, options)).rejects.toThrow(message);
});

test.each([
  [{ kind: 'bucket' }, "expected 'model', 'dataset' or 'space' as kind, got 'bucket'"],
  [{ revision: '../main' }, "as revision, got '../main'"],
  [{ folder: 'x' }, "unknown option 'folder'"],
])('the options %j are refused', async (more, message) => {
  await expect(get('config.json', more as never)).rejects.toThrow(message);
});
