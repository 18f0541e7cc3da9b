/** The cache of the Hub's own libraries: a file that Python has fetched serves here, and the other way round. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { writeFileAtomic } from '@tapegrad/files/node';

/** The kind of a repository. */
export type RepoKind = 'model' | 'dataset' | 'space';

/** Returns the folder that Python's `huggingface_hub` uses, too: `HF_HUB_CACHE`, or `hub` in `HF_HOME`. */
export function defaultCache(): string {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  return HF_HUB_CACHE ?? join(HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface'), 'hub');
}

/** Where the files of one repository lie. */
export class RepoCache {
  readonly folder: string;

  constructor(cache: string, kind: RepoKind, repo: string) {
    this.folder = join(cache, `${kind}s--${repo.replaceAll('/', '--')}`);
  }

  /** Returns the commit that a branch or tag meant when it was last asked for, or the commit itself. */
  commitOf(revision: string): string | undefined {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const file = join(this.folder, 'refs', revision);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }

  /** Returns a file of a commit that is there. */
  find(commit: string, path: string): string | undefined {
    const file = join(this.folder, 'snapshots', commit, path);
    return existsSync(file) ? file : undefined;
  }

  /** Returns where the contents with a checksum lie, and where they gather until they are whole. */
  blob(etag: string): { readonly whole: string; readonly partial: string } {
    mkdirSync(join(this.folder, 'blobs'), { recursive: true });
    const whole = join(this.folder, 'blobs', etag);
    return { whole, partial: `${whole}.incomplete` };
  }

  /** Enters contents as a file of a commit, and returns its path. */
  enter(revision: string, commit: string, path: string, etag: string): string {
    const file = join(this.folder, 'snapshots', commit, path);
    const { whole } = this.blob(etag);
    mkdirSync(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    rmSync(temporary, { force: true });
    try {
      // The real folder, since a link from a folder that is itself a link would lead elsewhere.
      symlinkSync(relative(realpathSync(dirname(file)), realpathSync(whole)), temporary);
    } catch {
      // Windows lets few programs make links.
      copyFileSync(whole, temporary);
    }
    renameSync(temporary, file);
    if (revision !== commit) {
      const ref = join(this.folder, 'refs', revision);
      mkdirSync(dirname(ref), { recursive: true });
      writeFileAtomic(ref, new TextEncoder().encode(commit));
    }
    return file;
  }
}
