export { type EpochTableOptions, epochTable } from './node/epoch-table.ts';
export { type ProgressOptions, progress } from './node/progress.ts';
export { type RunConfig, type RunFitOptions, RunFolder, type RunFolderOptions } from './node/run-folder.ts';
export { stopOnSignals } from './node/signals.ts';
export { type TrackOptions, track } from './node/track.ts';
