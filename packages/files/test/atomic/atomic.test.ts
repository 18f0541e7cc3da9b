/** Files are written completely or not at all. */

import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError } from '@tapegrad/files';
import { tryFolder, writeFileAtomic } from '@tapegrad/files/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('writeFileAtomic', () => {
  test('makes the folder, and replaces what was there', () => {
    const path = join(folder, 'a', 'b', 'file');
    writeFileAtomic(path, 'one');
    writeFileAtomic(path, [Uint8Array.of(50), new Uint8Array(0), Uint8Array.of(51)]);
    expect(readFileSync(path, 'utf8')).toBe('23');
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  test('leaves what was there, and nothing else, where it fails', () => {
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'inside'), 'x');
    expect(() => writeFileAtomic(join(folder, 'taken'), 'one')).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(readdirSync(join(folder, 'taken'))).toEqual(['inside']);
  });

  test.skipIf(process.platform === 'win32')('follows a link', () => {
    writeFileSync(join(folder, 'run-3'), 'old');
    symlinkSync('run-3', join(folder, 'latest'));
    writeFileAtomic(join(folder, 'latest'), 'new');
    expect(lstatSync(join(folder, 'latest')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'run-3'), 'utf8')).toBe('new');
  });

  test('removes what killed processes left, and nothing of others', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.on('exit', resolve));
    const kept = [
      `x.${process.pid}-9@${hostname()}.part`,
      `x.${child.pid}-0@elsewhere.part`,
      'x.y.part',
      `xy.1-0@z.part`,
    ];
    for (const name of [`x.${child.pid}-0@${hostname()}.part`, ...kept]) writeFileSync(join(folder, name), '');
    writeFileAtomic(join(folder, 'x'), '');
    expect(readdirSync(folder).sort()).toEqual(['x', ...kept].sort());
  });
});

describe('tryFolder', () => {
  test('makes a folder, and leaves nothing in it', () => {
    const path = join(folder, 'a', 'b');
    tryFolder(path, 3000);
    tryFolder(path, 0);
    expect(readdirSync(path)).toEqual([]);
  });

  test('says what is wrong with a file in its place, or on the way', () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'kept');
    expect(() => tryFolder(path, 10)).toThrow(FormatError);
    expect(() => tryFolder(path, 10)).toThrow(
      `file: nothing can be saved in ${path}: expected a folder with room for 1 MiB, but it is a file`,
    );
    expect(() => tryFolder(join(path, 'out'), 10)).toThrow('ENOTDIR');
    expect(readFileSync(path, 'utf8')).toBe('kept');
  });

  test.runIf(process.platform === 'linux')('says that the system makes no folder there', () => {
    expect(() => tryFolder('/proc/none', 10)).toThrow('nothing can be saved in /proc/none');
    expect(() => tryFolder('/proc/none/inside', 10)).toThrow('nothing can be saved in /proc/none/inside');
  });

  test.skipIf(process.getuid?.() === 0)('says that a folder may not be written to', () => {
    chmodSync(folder, 0o500);
    expect(() => tryFolder(folder, 10)).toThrow('EACCES');
    expect(() => tryFolder(join(folder, 'new'), 10)).toThrow('EACCES');
  });
});
