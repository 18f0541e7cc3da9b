export type { Port, TrainingProgress, WorkerResult } from './worker/messages.ts';
export { serveTraining } from './worker/serve-training.ts';
export {
  trainInWorker,
  type WorkerTraining,
  WorkerTrainingError,
  type WorkerTrainingOptions,
} from './worker/train-in-worker.ts';
