import { existsSync } from 'node:fs';
import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { defaultCache, RepoCache, type RepoKind } from './cache.ts';
import { AnswerError, ContentsError, download, type Fetch } from './download.ts';
import { HubError } from './hub-error.ts';

/** The options of `hubFile`. */
export interface HubFileOptions {
  /** The kind of the repository. Defaults to 'model'. */
  readonly kind?: RepoKind;
  /** A branch, a tag or a commit. Defaults to 'main'. */
  readonly revision?: string;
  /**
   * The folder of the cache. Defaults to the one that Python's `huggingface_hub` uses: `HF_HUB_CACHE`, or `hub` in
   * `HF_HOME`.
   */
  readonly cache?: string;
  /** Whether to use only the cache, without the network. Defaults to false. */
  readonly offline?: boolean;
  /** The access token for private repositories. Defaults to `HF_TOKEN`. */
  readonly token?: string;
  /** The address of the Hub. Defaults to `HF_ENDPOINT`, or https://huggingface.co. */
  readonly hubUrl?: string;
  /** A replacement for the host's `fetch`, for example one that uses a proxy. */
  readonly fetch?: Fetch;
}

/** A SHA-256, or the SHA-1 of git. */
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

const NAME = /^[\w.-]+(\/[\w.-]+)?$/;

function checkNames(repo: string, path: string): void {
  if (typeof repo !== 'string' || !NAME.test(repo) || repo.includes('..')) {
    throw new ArgumentError(`hubFile: expected a repository as 'owner/name', got ${describeValue(repo)}`);
  }
  const parts = typeof path === 'string' ? path.split('/') : [];
  if (
    parts.length === 0 ||
    parts.some((part) => part === '' || part === '.' || part === '..' || /[\\:\0]/.test(part))
  ) {
    throw new ArgumentError(`hubFile: expected a path within the repository, got ${describeValue(path)}`);
  }
}

async function hubLibrary(): Promise<typeof import('@huggingface/hub')> {
  try {
    return await import('@huggingface/hub');
  } catch (cause) {
    throw new ArgumentError(
      'hubFile: needs the package @huggingface/hub; install it with: npm install @huggingface/hub',
      {
        cause,
      },
    );
  }
}

/**
 * Returns the local path of a file of the Hugging Face Hub, and downloads the file if it is not in the cache.
 *
 * An interrupted download continues at the next call. Size and checksum are checked before the file is added to the
 * cache, which is shared with Python's library. If the Hub can't be reached, the version found last time is used.
 *
 * @param repo The repository, as `owner/name`.
 * @param path The path of the file in the repository.
 * @throws HubError if there is no such file, no access or no network, or if the size or the checksum is wrong.
 * @example
 * import { hubFile } from '@tapegrad/data/hub';
 * const load = () => hubFile('openai-community/gpt2', 'tokenizer.json');
 */
export async function hubFile(repo: string, path: string, options: HubFileOptions = {}): Promise<string> {
  checkNames(repo, path);
  checkOptions('hubFile', options, ['kind', 'revision', 'cache', 'offline', 'token', 'hubUrl', 'fetch']);
  const { kind = 'model', revision = 'main', offline = false } = options;
  if (!['model', 'dataset', 'space'].includes(kind)) {
    throw new ArgumentError(`hubFile: expected 'model', 'dataset' or 'space' as kind, got ${describeValue(kind)}`);
  }
  if (
    typeof revision !== 'string' ||
    !/^[\w./-]+$/.test(revision) ||
    revision.includes('..') ||
    revision.startsWith('/')
  ) {
    throw new ArgumentError(
      `hubFile: expected a branch, a tag or a commit as revision, got ${describeValue(revision)}`,
    );
  }
  const cache = new RepoCache(options.cache ?? defaultCache(), kind, repo);
  const known = cache.commitOf(revision);
  const cached = known === undefined ? undefined : cache.find(known, path);
  // The contents of a commit never change.
  if (cached !== undefined && (offline || known === revision)) return cached;
  if (offline) {
    throw new HubError(repo, path, `it is not in the cache ${cache.folder}; call once without { offline: true }`);
  }
  const remote = await lookUp(repo, path, { ...options, kind, revision });
  if (remote === undefined) {
    if (cached !== undefined) return cached;
    const mend = 'connect to the network, or copy the file into the cache';
    throw new HubError(
      repo,
      path,
      `the Hub can't be reached, and the file is not in the cache ${cache.folder}; ${mend}`,
    );
  }
  const { info, commit, fetch, headers } = remote;
  const blob = cache.blob(info.etag);
  if (!existsSync(blob.whole)) {
    try {
      await download(info, blob, { fetch, headers });
    } catch (cause) {
      if (cause instanceof ContentsError) throw new HubError(repo, path, cause.message, { cause });
      if (cause instanceof AnswerError) throw new HubError(repo, path, cause.message, { cause, status: cause.status });
      throw new HubError(repo, path, `the download was interrupted (${reasonOf(cause)}); call again to get the rest`, {
        cause,
      });
    }
  }
  return cache.enter(revision, commit ?? info.etag, path, info.etag);
}

/** Asks the Hub for the commit, size and checksum of a file; returns `undefined` if the Hub can't be reached. */
async function lookUp(
  repo: string,
  path: string,
  options: HubFileOptions & { readonly kind: RepoKind; readonly revision: string },
) {
  const { fileDownloadInfo, pathsInfo } = await hubLibrary();
  const { kind, revision, token = process.env['HF_TOKEN'] } = options;
  const hubUrl = (options.hubUrl ?? process.env['HF_ENDPOINT'] ?? 'https://huggingface.co').replace(/\/$/, '');
  const given = options.fetch ?? fetch;
  let commit: string | undefined;
  let failure: { readonly error: unknown } | undefined;
  const watching: Fetch = async (...args) => {
    try {
      const response = await given(...args);
      commit = response.headers.get('x-repo-commit')?.match(/^[0-9a-f]{40}$/)?.[0];
      return response;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const where = `${hubUrl}/${kind === 'model' ? '' : `${kind}s/`}${repo}`;
  try {
    const info = await fileDownloadInfo({
      repo: { type: kind, name: repo },
      ...{ path, revision, hubUrl, fetch: watching },
      ...(token !== undefined && { accessToken: token }),
    });
    if (info === null) {
      throw new HubError(repo, path, `there is no such file at '${revision}'; ${where}/tree/${revision} lists them`, {
        status: 404,
      });
    }
    let etag = info.etag.replace(/^W\//, '').replaceAll('"', '');
    if (!HASH.test(etag)) {
      // The Hub's storage servers have other ETags; the checksum is in the Hub's list of files.
      const [entry] = await pathsInfo({
        repo: { type: kind, name: repo },
        ...{ paths: [path], revision, hubUrl, fetch: given },
        ...(token !== undefined && { accessToken: token }),
      });
      etag = entry?.lfs?.oid ?? entry?.oid ?? etag;
    }
    if (!HASH.test(etag))
      throw new HubError(repo, path, `the Hub returned ${describeValue(etag)} for it, which is not a checksum`);
    return { info: { url: info.url, size: info.size, etag }, commit, fetch: given, headers };
  } catch (cause) {
    if (failure !== undefined) return undefined;
    if (cause instanceof HubError) throw cause;
    const status = (cause as { readonly statusCode?: number }).statusCode;
    const mends: Readonly<Record<number, string>> = {
      401: `there is no such repository, or no access; check ${where}, and give { token } if it is private`,
      403: `access is refused; accept the conditions at ${where}, and give a { token } that may read it`,
      404: `there is no such repository or revision '${revision}'; check ${where}`,
      429: 'the Hub received too many requests from here; call again later',
    };
    const message = mends[status ?? 0] ?? `the Hub answers with an error: ${reasonOf(cause)}`;
    throw new HubError(repo, path, message, { cause, ...(status !== undefined && { status }) });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
