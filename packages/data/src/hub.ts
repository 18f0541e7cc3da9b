export type { RepoKind } from './hub/cache.ts';
export type { Fetch } from './hub/download.ts';
export { HubError } from './hub/hub-error.ts';
export { type HubFileOptions, hubFile } from './hub/hub-file.ts';
