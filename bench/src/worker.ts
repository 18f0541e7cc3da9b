/** A worker process for one framework and the cases of one workload. Its only argument is a `Job` as JSON. */

import { readFileSync } from 'node:fs';
import { digestAll } from './digest.ts';
import { inputsOf } from './inputs.ts';
import type { Build, Framework, Job, JobCase, Message, ReadyCase } from './protocol.ts';
import type { Family, SpecOf } from './spec.ts';
import { stepsPerSecond } from './timing.ts';

const MEMORY_INTERVAL = 20;

let hasSpoken = false;

function say(message: Message): void {
  hasSpoken = true;
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/**
 * Returns the peak memory of this process in bytes. The kernel's own value survives `exec`, so on Linux /proc is
 * preferred.
 */
function peakMemory(): number {
  if (process.platform === 'linux') {
    const mark = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
    if (mark) return Number(mark[1]) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}

async function build<F extends Family>(framework: Framework, spec: SpecOf<F> & { family: F }): Promise<ReadyCase> {
  const load = framework.programs[spec.family] as (() => Promise<Build<F>>) | undefined;
  if (!load) throw new Error(`offers no ${spec.family}`);
  return (await load())(spec, inputsOf[spec.family](spec));
}

/** The action for each mode. */
const modes: Record<Job['mode'], (program: ReadyCase, id: string, job: Job) => Promise<void>> = {
  async time(program, id, { sampleSeconds, samples }) {
    say({ kind: 'time', id, perSecond: await stepsPerSecond(program, sampleSeconds, samples) });
  },

  async check(program, id, job) {
    const steps = [];
    for (let i = 0; i < job.steps; i++) {
      await program.step();
      steps.push(digestAll(await program.read()));
    }
    say({ kind: 'check', id, steps });
  },

  async start(program) {
    await program.step();
  },

  async memory(program, id, job) {
    for (let step = 1; step <= job.steps; step++) {
      const pending = program.step();
      if (pending) await pending;
      if (step % MEMORY_INTERVAL === 0) say({ kind: 'memory', id, step, bytes: process.memoryUsage.rss() });
    }
  },
};

async function runCase(framework: Framework, { id, spec }: JobCase, job: Job): Promise<void> {
  try {
    await modes[job.mode](await build(framework, spec), id, job);
  } catch (error) {
    say({ kind: 'error', id, text: error instanceof Error ? error.message : String(error) });
  }
}

const job = JSON.parse(process.argv[2] ?? '{}') as Job;
const { framework } = (await import(job.module)) as { framework: Framework };
const about = await framework.start(job.threads);
// In `start` mode, only the step counts: opening an output and reading the memory would add milliseconds.
const reports = job.mode !== 'start';
if (reports) say({ kind: 'about', text: about });
for (const each of job.cases) await runCase(framework, each, job);
if (reports) say({ kind: 'peak', bytes: peakMemory() });
// Some frameworks have threads or timers that keep the process alive. All output must be written before it ends.
if (hasSpoken) process.stdout.write('', () => process.exit(0));
else process.exit(0);
