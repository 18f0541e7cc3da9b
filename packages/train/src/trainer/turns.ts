/** Turns of the event loop, in which a host can deliver messages and signals while a model trains. */

interface Channel {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: unknown): void };
}

interface Host {
  readonly setImmediate?: (callback: () => void) => void;
  readonly MessageChannel?: new () => Channel;
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown;
  readonly performance?: { now(): number };
}

const host = globalThis as unknown as Host;

/** Returns the milliseconds since a fixed time. */
export const now = (): number => host.performance?.now() ?? Date.now();

/**
 * Milliseconds of work between two turns: short enough to keep a page smooth, long enough to make the cost of a turn
 * small.
 */
const WORK_MILLISECONDS = 20;

/** Lets the event loop turn once. Timers are slower: pages delay each by 4 milliseconds. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (host.setImmediate !== undefined) host.setImmediate(resolve);
    else if (host.MessageChannel !== undefined) {
      const { port1, port2 } = new host.MessageChannel();
      port1.onmessage = () => {
        port1.onmessage = null;
        resolve();
      };
      port2.postMessage(undefined);
    } else if (host.setTimeout !== undefined) host.setTimeout(resolve, 0);
    else resolve();
  });
}

/**
 * Returns a function to await between pieces of work. It lets the event loop turn if `WORK_MILLISECONDS` have passed
 * since the last turn.
 */
export function breaks(): () => Promise<void> | undefined {
  let next = now() + WORK_MILLISECONDS;
  return () => {
    if (now() < next) return undefined;
    return turn().then(() => {
      next = now() + WORK_MILLISECONDS;
    });
  };
}
