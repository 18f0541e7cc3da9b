/** Runs a contender's worker process, and collects its messages. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contender } from './contenders.ts';
import { paths } from './paths.ts';
import type { Job, Message } from './protocol.ts';
import type { Runtimes } from './runtimes.ts';

export interface Outcome {
  readonly messages: readonly Message[];
  /** The duration from the start of the process to its end. */
  readonly seconds: number;
  /** Why the process failed, if it did. */
  readonly failure: string | undefined;
  /** Whether it was terminated because it took too long. */
  readonly timedOut: boolean;
}

/** Parses a line as a message. Returns undefined for other output of a framework, and for a truncated line. */
function messageOf(line: string): Message | undefined {
  if (!line.startsWith('{"kind"')) return undefined;
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined;
  }
}

/** Runs a program to its end, and collects its messages. */
export function runProcess(program: string, args: readonly string[], timeoutSeconds: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = child.kill('SIGKILL');
    }, timeoutSeconds * 1000);
    const messages: Message[] = [];
    let errors = '';
    let seconds = 0;
    createInterface(child.stdout).on('line', (line) => {
      const message = messageOf(line);
      if (message) messages.push(message);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on('exit', () => {
      seconds = (performance.now() - start) / 1000;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const reason = errors.split('\n').find((line) => /error/i.test(line)) ?? '';
      const failure = code === 0 ? undefined : `ended by ${signal ?? `code ${code}`} ${reason}`.trim();
      resolve({ messages, seconds, failure, timedOut });
    });
  });
}

const HOUR = 3600;

/** Loads tapegrad's packages as published: each as one file, made by `scripts/bundle.mjs`. */
const AS_PUBLISHED = '--conditions=@tapegrad/bundle';

/** Runs a job in a contender's worker. */
export function runJob(
  { framework, threads }: Contender,
  runtimes: Runtimes,
  job: Omit<Job, 'module' | 'threads'>,
  timeoutSeconds = HOUR,
): Promise<Outcome> {
  const text = JSON.stringify({ ...job, module: framework.module.href, threads } satisfies Job);
  return framework.runtime === 'node'
    ? runProcess(runtimes.node, [AS_PUBLISHED, fileURLToPath(paths.worker), text], timeoutSeconds)
    : runProcess(runtimes.python!, [fileURLToPath(framework.module), text], timeoutSeconds);
}
