/** A file of the Hub that could not be had. `cause` is the error behind it. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** The repository, such as `openai-community/gpt2`. */
  readonly repo: string;
  /** The path of the file in the repository. */
  readonly path: string;
  /** The status of the server's answer; `undefined` if there was none. */
  readonly status: number | undefined;

  constructor(
    repo: string,
    path: string,
    message: string,
    options: { readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(`hubFile: ${repo}/${path}: ${message}`, { cause: options.cause });
    this.repo = repo;
    this.path = path;
    this.status = options.status;
  }
}
