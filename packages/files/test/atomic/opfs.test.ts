/** Files and checkpoints in the origin private file system, simulated in memory. */

import { Random } from '@tapegrad/core';
import { FormatError, openSafetensors } from '@tapegrad/files';
import { loadOpfs, opfsSource, restoreOpfs, saveOpfs, writeOpfs } from '@tapegrad/files/browser';
import { Dense } from '@tapegrad/nn';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** A folder in memory, with those parts of the browser's interface that the package uses. */
class Folder {
  readonly folders = new Map<string, Folder>();
  readonly files = new Map<string, Blob>();
  /** Whether the next write fails, as on a full disk. */
  isFull = false;

  async getDirectoryHandle(name: string, { create }: { readonly create: boolean }): Promise<Folder> {
    if (create && !this.folders.has(name)) this.folders.set(name, new Folder());
    return this.folders.get(name) ?? Promise.reject(new Error('NotFoundError'));
  }

  async getFileHandle(name: string, { create = false } = {}) {
    if (!create && !this.files.has(name)) throw new Error('NotFoundError');
    const parts: (string | Uint8Array<ArrayBuffer>)[] = [];
    return {
      getFile: async () => this.files.get(name)!,
      createWritable: async () => ({
        write: async (content: string | Uint8Array<ArrayBuffer>) => {
          if (this.isFull) throw new Error('QuotaExceededError');
          parts.push(content);
        },
        close: async () => void this.files.set(name, new Blob(parts)),
        abort: async () => undefined,
      }),
    };
  }
}

let root: Folder;
beforeEach(() => {
  root = new Folder();
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } });
});
afterEach(() => vi.unstubAllGlobals());

const make = (seed: number) => new Dense(3, 2, { random: new Random(seed) });

describe('the origin private file system', () => {
  test('keeps a checkpoint, from which a model resumes', async () => {
    await saveOpfs('runs/1/last.checkpoint', { model: make(1), epoch: 4 });
    const model = make(2);
    expect(await restoreOpfs('runs/1/last.checkpoint', { model })).toEqual({ epoch: 4 });
    expect(model.state()).toEqual(make(1).state());
    expect(await loadOpfs('runs/1/last.checkpoint')).toMatchObject({ epoch: 4 });
    const reader = await openSafetensors(await opfsSource('runs/1/last.checkpoint'));
    expect([...reader.entries.keys()]).toEqual(['model.weight', 'model.bias']);
  });

  test('keeps the old file where a write fails', async () => {
    await writeOpfs('config.json', '{}');
    root.isFull = true;
    await expect(writeOpfs('config.json', '{"x": 1}')).rejects.toThrow('QuotaExceededError');
    const source = await opfsSource('config.json');
    expect(new TextDecoder().decode(await source.read(0, source.size))).toBe('{}');
  });

  test('says what is missing', async () => {
    await expect(opfsSource('runs/none')).rejects.toThrow('none: there is no such file (runs/none): NotFoundError');
    await expect(writeOpfs('/', 'x')).rejects.toThrow("expected a path such as 'runs/model.safetensors', got none");
    await writeOpfs('text', 'hello');
    await expect(loadOpfs('text')).rejects.toThrow(FormatError);
    vi.stubGlobal('navigator', {});
    await expect(saveOpfs('x', 1)).rejects.toThrow('this host has no origin private file system');
  });
});
