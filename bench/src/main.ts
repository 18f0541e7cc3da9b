/** Compares tapegrad's speed with other frameworks: `npm run bench -- --help`. */

import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { contendersOf, type Framework, frameworks, offers } from './contenders.ts';
import { help, OptionError, type Options, readOptions, type Section } from './options.ts';
import { paths } from './paths.ts';
import type { Report } from './report.ts';
import type { Run } from './run.ts';
import { findNode, findPython, preparePeers, type Runtimes } from './runtimes.ts';
import { bundle } from './sections/bundle.ts';
import { writeExpected } from './sections/check.ts';
import { memory } from './sections/memory.ts';
import { primitives } from './sections/primitives.ts';
import { scaling } from './sections/scaling.ts';
import { speed } from './sections/speed.ts';
import { startup } from './sections/startup.ts';
import { markdown } from './table.ts';
import { workloads } from './workloads.ts';

const sections: Readonly<Record<Section, (run: Run) => Promise<Report>>> = {
  speed,
  startup,
  memory,
  bundle,
  scaling,
  primitives,
};

/** Returns the requested frameworks that can run here. Prints which can't, and why. */
function present(wanted: readonly Framework[], { python, nodeVersion }: Runtimes): Framework[] {
  const isPeer = ({ role, runtime }: Framework) => role === 'peer' && runtime === 'node';
  const complaint = wanted.some(isPeer) ? preparePeers() : undefined;
  const obstacle = (framework: Framework) => {
    if (framework.runtime === 'python' && python === undefined) {
      return 'no Python here has PyTorch (TAPEGRAD_PYTHON can name one)';
    }
    const { minNode = 0 } = framework;
    if (Number.parseInt(nodeVersion, 10) < minNode) {
      return `it needs Node ${minNode} or later (--node ${minNode}), and this is ${nodeVersion}`;
    }
    return isPeer(framework) ? complaint : undefined;
  };
  return wanted.filter((framework) => {
    const reason = obstacle(framework);
    if (reason !== undefined) process.stderr.write(`${framework.name} is left out: ${reason}\n`);
    return reason === undefined;
  });
}

function prepare(options: Options): Run {
  const wanted = frameworks.filter(({ name }) => options.frameworks.includes(name));
  const python = wanted.some(({ runtime }) => runtime === 'python') ? findPython() : undefined;
  const runtimes = { ...findNode(options.node), python };
  const chosen = workloads.filter(({ id }) => options.workloads.includes(id));
  const specs = chosen.flatMap(({ cases }) => cases.map(({ spec }) => spec));
  return {
    contenders: contendersOf(present(wanted, runtimes), options.threads).filter((each) =>
      specs.some((spec) => offers(each, spec)),
    ),
    workloads: chosen,
    runtimes,
    options,
  };
}

function machine({ runtimes }: Run) {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: totalmem(),
    node: runtimes.nodeVersion,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Runs the requested sections. Writes and prints the report of each as soon as it is complete. */
async function measure(run: Run): Promise<void> {
  const out = run.options.out === undefined ? paths.results : pathToFileURL(`${run.options.out}/`);
  await mkdir(out, { recursive: true });
  const data: Record<string, unknown> = { machine: machine(run), options: run.options };
  const { processor, cores, node } = machine(run);
  let text = `${processor}, ${cores} cores, Node ${node}\n`;
  process.stdout.write(`\n${text}`);
  for (const section of run.options.sections) {
    const report = await sections[section](run);
    data[section] = report.data;
    const tables = report.tables.map((table) => `\n${markdown(table)}`).join('');
    process.stdout.write(tables);
    text += tables;
    const files = {
      ...report.files,
      'results.md': text,
      'results.json': `${JSON.stringify(data, null, 1)}\n`,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(new URL(name, out), content);
  }
  process.stdout.write(`\nThe tables, the figures and the plot are in ${fileURLToPath(out)}\n`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(help);
    return;
  }
  const run = prepare(options);
  if (!options.writeExpected) return measure(run);
  const pytorch = run.contenders.find(({ framework }) => framework.runtime === 'python');
  if (!pytorch) throw new OptionError('--write-expected needs PyTorch among the frameworks');
  return writeExpected(run, pytorch);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
