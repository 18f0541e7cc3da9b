export {
  type DecodeEventsOptions,
  decodeEvents,
  type EventSink,
  EventWriter,
  type EventWriterOptions,
} from './tensorboard/events.ts';
export type { EventContent, Histogram, LogEvent } from './tensorboard/messages.ts';
