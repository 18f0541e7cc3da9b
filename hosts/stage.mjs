/**
 * Sets up what hosts need: the packages as they would be published, the hosts' tools, and a folder for each project.
 *
 * The packages are installed in an empty folder outside of the repository, so that nothing of the workspace is found by
 * accident; each project of `projects/` is copied below it. Tools are installed once, in the versions that
 * `projects/pnpm-lock.yaml` holds, into `node_modules/.cache/hosts`.
 */

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pack } from '../scripts/packing.mjs';
import { pnpm, version as pnpmVersion, root } from '../scripts/pnpm.mjs';
import { execute } from './execute.mjs';

const projects = join(root, 'hosts/projects');
const cache = join(root, 'node_modules/.cache/hosts');

/** Says why a host can't be had here, and is skipped. */
export class Unavailable extends Error {}

/**
 * The versions of tools that a project is tried with.
 *
 * @param {string} project
 * @returns {Record<string, string>}
 */
export const toolsOf = (project) =>
  JSON.parse(readFileSync(join(projects, project, 'package.json'), 'utf8')).devDependencies ?? {};

/** The folder in which hosts are tried. */
export class Stage {
  /** @type {Map<string, Promise<string>>} */
  #nodes = new Map();
  /** @type {Map<string, Promise<unknown>>} */
  #fetched = new Map();
  #hasTools = false;

  /** @param {string} folder an empty one */
  constructor(folder) {
    this.folder = folder;
    /** Where the packages are installed, and the projects lie. */
    this.installed = join(folder, 'hosts');
    this.tarballs = pack(join(folder, 'tarballs')).filter((file) => !/inspect|formulas/.test(file));
  }

  /** Installs the packages as users of npm do. */
  async installPackages() {
    mkdirSync(this.installed);
    writeFileSync(join(this.installed, 'package.json'), JSON.stringify({ private: true }));
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
    await execute('npm', ['install', ...quiet, ...this.tarballs], { cwd: this.installed });
  }

  /**
   * The folder of a project, with what all hosts run and the project's tools in it.
   *
   * @param {string} name
   */
  project(name) {
    const folder = join(this.installed, name);
    if (existsSync(folder)) return folder;
    const hasTools = Object.keys(toolsOf(name)).length > 0;
    if (hasTools) this.#installTools(name);
    cpSync(join(projects, name), folder, { recursive: true });
    for (const file of ['program.mjs', 'storage.mjs']) cpSync(join(root, 'hosts', file), join(folder, file));
    if (hasTools) symlinkSync(join(cache, name, 'node_modules'), join(folder, 'node_modules'), 'junction');
    return folder;
  }

  /**
   * Requires files as a project's own would be.
   *
   * @param {string} project
   */
  require(project) {
    return createRequire(join(this.project(project), 'package.json'));
  }

  /**
   * The path of one of the builds of a program that come as a package a platform, the first that runs here.
   *
   * @param {string} project
   * @param {string} name of the package that has them as optional dependencies
   * @param {string} file in each of them
   */
  async build(project, name, file) {
    const manifest = this.require(project).resolve(`${name}/package.json`);
    const { optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
    const suffix = process.platform === 'win32' ? '.exe' : '';
    for (const build of Object.keys(optionalDependencies)) {
      try {
        const path = createRequire(manifest).resolve(`${build}/${file}${suffix}`);
        await execute(path, ['--version'], { cwd: this.folder });
        return path;
      } catch {} // For another platform, or another kind of processor.
    }
    throw new Unavailable(`${name} has no build for this machine`);
  }

  /**
   * The path of Node in some version.
   *
   * @param {string} version
   */
  node(version) {
    return once(this.#nodes, version, async () => {
      const { stdout } = await this.npx(`node@${version}`, 'node', ['-p', 'process.execPath']);
      return stdout.trim();
    });
  }

  /**
   * Runs a program of a package that npm fetches.
   *
   * @param {string} specifier of the package
   * @param {string} program
   * @param {readonly string[]} args
   */
  async npx(specifier, program, args, cwd = this.folder) {
    const prefix = ['--yes', `--package=${specifier}`, '--', program];
    await once(this.#fetched, specifier, () =>
      execute('npx', [...prefix, '--version'], { cwd: this.folder }).catch((error) => {
        throw new Unavailable(`npx could not fetch ${specifier}: ${firstError(error)}`);
      }),
    );
    return execute('npx', [...prefix, ...args], { cwd });
  }

  /** Installs the tools of all projects, or where some can't be had, those of one. */
  #installTools(/** @type {string} */ project) {
    const stamp = join(cache, '.installed');
    const wanted = fingerprint();
    const isInstalled = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
    if (!this.#hasTools && !isInstalled()) {
      rmSync(cache, { recursive: true, force: true });
      for (const file of manifests()) {
        mkdirSync(join(cache, file, '..'), { recursive: true });
        cpSync(join(projects, file), join(cache, file));
      }
      if (install([]) === 0) writeFileSync(stamp, wanted);
    }
    this.#hasTools = true;
    if (isInstalled() || existsSync(join(cache, project, 'node_modules'))) return;
    if (install(['--filter', `./${project}`]) !== 0) throw new Unavailable(`pnpm could not install its tools`);
  }
}

/**
 * Returns what a map holds for a key, begun at the first call, since several hosts may wait for it.
 *
 * @template T
 * @param {Map<string, Promise<T>>} begun
 * @param {string} key
 * @param {() => Promise<T>} begin
 */
function once(begun, key, begin) {
  const known = begun.get(key) ?? begin();
  begun.set(key, known);
  return known;
}

/** The files that decide what is installed. */
const manifests = () => [
  'pnpm-workspace.yaml',
  'pnpm-lock.yaml',
  ...readdirSync(projects)
    .map((name) => join(name, 'package.json'))
    .filter((file) => existsSync(join(projects, file)))
    .sort(),
];

function fingerprint() {
  const hash = createHash('sha256').update(`${pnpmVersion} ${process.platform} ${process.arch}`);
  for (const file of manifests()) hash.update(`\n${file}\n`).update(readFileSync(join(projects, file)));
  return hash.digest('hex');
}

/** @param {readonly string[]} selection */
const install = (selection) =>
  pnpm([...selection, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: cache,
    stdio: ['ignore', 'ignore', 'inherit'],
  });

/** @param {unknown} error */
function firstError(error) {
  const lines = String(/** @type {Error} */ (error).message).split('\n');
  return (lines.find((line) => /\berror\b|ERR_/i.test(line)) ?? lines[0] ?? '').trim();
}
