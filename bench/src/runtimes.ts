/** Finds or prepares what the contenders run on: Node, a Python with PyTorch, the peers' packages. */

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { paths } from './paths.ts';

export interface Runtimes {
  /** The program that runs JavaScript. */
  readonly node: string;
  readonly nodeVersion: string;
  /** A Python that has PyTorch, where there is one. */
  readonly python: string | undefined;
}

// npm and npx are script files on Windows, which only a shell starts.
const shell = process.platform === 'win32';
const root = fileURLToPath(new URL('..', paths.bench));

function output(command: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  return status === 0 ? stdout.trim() : undefined;
}

/** The path of Node's program, of the wanted version where one is named. */
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

/** A Python that can import torch. */
export function findPython(): string | undefined {
  const candidates = [process.env.TAPEGRAD_PYTHON, 'python3', '.venv/bin/python'];
  return candidates.find((each) => each !== undefined && output(each, ['-c', 'import torch, numpy']) !== undefined);
}

function modified(url: URL): number {
  return statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs a command; gives what it printed where it failed. */
function complaintOf(command: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', shell });
  return status === 0 ? undefined : `${command} ${args[0]} failed:\n${stdout ?? ''}${stderr ?? ''}`;
}

/**
 * Installs the peers from npm where their package.json is newer than what is installed, and compiles their workloads. Gives
 * the reason where that failed.
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
