/** Finds or prepares the runtimes of the contenders: Node, a Python with PyTorch, and the other frameworks' packages. */

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { paths } from './paths.ts';

export interface Runtimes {
  /** The path of the Node executable. */
  readonly node: string;
  readonly nodeVersion: string;
  /** The path of a Python that has PyTorch, if there is one. */
  readonly python: string | undefined;
}

// On Windows, npm and npx are script files, which only a shell can start.
const shell = process.platform === 'win32';
const root = fileURLToPath(new URL('..', paths.bench));

function output(command: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  return status === 0 ? stdout.trim() : undefined;
}

/** Returns the path of the Node executable, of the requested version if one is given. */
export function findNode(version: string | undefined): Pick<Runtimes, 'node' | 'nodeVersion'> {
  if (version === undefined) return { node: process.execPath, nodeVersion: process.versions.node };
  const found = output('npx', [
    '--yes',
    `node@${version}`,
    '--print',
    "process.execPath + ' ' + process.versions.node",
  ]);
  if (found === undefined) throw new Error(`npx could not start node@${version}`);
  const gap = found.lastIndexOf(' ');
  return { node: found.slice(0, gap), nodeVersion: found.slice(gap + 1) };
}

/** Returns a Python that can import torch. */
export function findPython(): string | undefined {
  const candidates = [process.env.TAPEGRAD_PYTHON, 'python3', '.venv/bin/python'];
  return candidates.find((each) => each !== undefined && output(each, ['-c', 'import torch, numpy']) !== undefined);
}

function modified(url: URL): number {
  return statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs a command. Returns its output if it failed. */
function complaintOf(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  return status === 0 ? undefined : `${command} ${args[0]} failed:\n${stdout ?? ''}${stderr ?? ''}`;
}

/**
 * Installs the other frameworks from npm if their package.json is newer than the installation, and compiles their
 * workloads. Returns the reason if that failed.
 */
export function preparePeers(): string | undefined {
  const installed = new URL('node_modules/.package-lock.json', paths.peers);
  const folder = fileURLToPath(paths.peers);
  const install = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (modified(installed) < modified(new URL('package.json', paths.peers))) {
    process.stderr.write('Installing the peers from npm (once, some 300 MB) ...\n');
    const complaint = complaintOf('npm', install);
    if (complaint !== undefined) return complaint;
  }
  return complaintOf('npx', ['--no-install', 'tsc', '-b', folder]);
}
