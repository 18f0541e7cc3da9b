/**
 * The cache of files from the Hub. It is shared with Python's `huggingface_hub`, so that a file that one of them has
 * downloaded is available to the other.
 */

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

/** Returns the folder that Python's `huggingface_hub` uses as well: `HF_HUB_CACHE`, or `hub` in `HF_HOME`. */
export function defaultCache(): string {
  const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  return HF_HUB_CACHE ?? join(HF_HOME ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface'), 'hub');
}

/** The cached files of one repository. */
export class RepoCache {
  readonly folder: string;

  constructor(cache: string, kind: RepoKind, repo: string) {
    this.folder = join(cache, `${kind}s--${repo.replaceAll('/', '--')}`);
  }

  /**
   * Returns the commit that a branch or tag had when it was last looked up. For a commit, returns the commit itself.
   */
  commitOf(revision: string): string | undefined {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const file = join(this.folder, 'refs', revision);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  }

  /** Returns the path of a file of a commit, if it is cached. */
  find(commit: string, path: string): string | undefined {
    const file = join(this.folder, 'snapshots', commit, path);
    return existsSync(file) ? file : undefined;
  }

  /**
   * Returns the two paths for contents with a given checksum: that of the complete file, and that of the partial file
   * during a download.
   */
  blob(etag: string): { readonly whole: string; readonly partial: string } {
    mkdirSync(join(this.folder, 'blobs'), { recursive: true });
    const whole = join(this.folder, 'blobs', etag);
    return { whole, partial: `${whole}.incomplete` };
  }

  /** Adds downloaded contents to the cache as a file of a commit, and returns its path. */
  enter(revision: string, commit: string, path: string, etag: string): string {
    const file = join(this.folder, 'snapshots', commit, path);
    const { whole } = this.blob(etag);
    mkdirSync(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    rmSync(temporary, { force: true });
    try {
      // The real path is needed: a relative link in a folder that is itself a link would have the wrong target.
      symlinkSync(relative(realpathSync(dirname(file)), realpathSync(whole)), temporary);
    } catch {
      // On Windows, most programs may not make symbolic links.
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
