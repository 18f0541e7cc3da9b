/** Parses the command line. */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { frameworks } from './contenders.ts';
import { workloads } from './workloads.ts';

export const sections = ['speed', 'startup', 'memory', 'bundle', 'scaling', 'primitives'] as const;
export type Section = (typeof sections)[number];

export interface Options {
  readonly workloads: readonly string[];
  readonly frameworks: readonly string[];
  readonly sections: readonly Section[];
  readonly threads: readonly number[];
  readonly rounds: number;
  /** The version of Node that runs the frameworks. Defaults to that of the harness. */
  readonly node: string | undefined;
  /** The folder for results. */
  readonly out: string | undefined;
  readonly writeExpected: boolean;
  /** The minimum duration of a timed sample, in seconds. */
  readonly sampleSeconds: number;
  /** The number of samples that a process takes of a case; the process reports their median. */
  readonly samples: number;
  /** The number of steps of W1 in the memory section. */
  readonly memorySteps: number;
}

const names = { workloads: workloads.map(({ id }) => id), frameworks: frameworks.map(({ name }) => name), sections };
const defaultThreads = [...new Set([1, availableParallelism()])].join();

export const help = `npm run bench -- [options]

Measures tapegrad and its peers side by side, each in a process of its own, and prints tables of ratios.
Peers are installed on the first run. PyTorch takes part where a Python has it: the one that TAPEGRAD_PYTHON names,
else python3, else .venv/bin/python.

  --workloads  LIST   of ${names.workloads.join(', ')} (default: all)
  --frameworks LIST   of ${names.frameworks.join(', ')} (default: all)
  --sections   LIST   of ${sections.join(', ')} (default: all)
  --threads    LIST   numbers of threads, for frameworks that have them (default: ${defaultThreads})
  --rounds     N      processes a case and framework, interleaved; the median counts (default: 5)
  --node       N      run the frameworks in this version of Node, which comes through npx
  --out        DIR    where the tables, the JSON file and the plot go (default: bench/results)
  --quick             one short round: does everything work?
  --write-expected    make the values that results are checked against anew, with PyTorch in float64
  --help
`;

/** A mistake on the command line, reported without a stack trace. */
export class OptionError extends Error {}

function list<T extends string>(option: string, text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  return text.split(',').map((name) => {
    const match = all.find((each) => each === name.trim());
    if (match === undefined) throw new OptionError(`--${option}: no ${name.trim()}; there are ${all.join(', ')}`);
    return match;
  });
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new OptionError(`--${option}: ${text} is no number of at least 1`);
  return value;
}

const known = {
  workloads: { type: 'string' },
  frameworks: { type: 'string' },
  sections: { type: 'string' },
  threads: { type: 'string', default: defaultThreads },
  rounds: { type: 'string' },
  node: { type: 'string' },
  out: { type: 'string' },
  quick: { type: 'boolean', default: false },
  'write-expected': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new OptionError(`${(error as Error).message}; --help tells the options`);
  }
}

/** Returns the options of a run, or undefined if only the help was requested. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const pace = values.quick
    ? { rounds: 1, sampleSeconds: 0.1, samples: 1, memorySteps: 400 }
    : { rounds: 5, sampleSeconds: 0.4, samples: 5, memorySteps: 5000 };
  return {
    ...pace,
    ...(values.rounds === undefined ? {} : { rounds: count('rounds', values.rounds) }),
    workloads: list('workloads', values.workloads, names.workloads),
    frameworks: list('frameworks', values.frameworks, names.frameworks),
    sections: list('sections', values.sections, sections),
    threads: values.threads.split(',').map((text) => count('threads', text)),
    node: values.node,
    out: values.out,
    writeExpected: values['write-expected'],
  };
}
