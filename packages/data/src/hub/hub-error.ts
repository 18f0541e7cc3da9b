/** Thrown when a file of the Hub is not available. `cause` is the underlying error. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** The repository, for example `openai-community/gpt2`. */
  readonly repo: string;
  /** The path of the file in the repository. */
  readonly path: string;
  /** The HTTP status of the server's response; `undefined` if there was none. */
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
