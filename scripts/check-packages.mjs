/**
 * Holds each package, packed as it would be published, against what its users' tools expect of it: publint, attw, and
 * the files that every package carries.
 */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inEmptyFolder, pack, run } from './packing.mjs';
import { root } from './pnpm.mjs';

const CARRIED = ['LICENSE', 'README.md', 'dist/index.js', 'dist/bundle/index.js', 'src/index.ts'];

/**
 * Holds the entry points of a package as it is published, which its publishConfig names, against those in the workspace.
 *
 * @param {{ name: string, exports: object }} published
 */
function checkEntryPoints({ name, exports }) {
  const file = join(root, 'packages', name.replace('@tapegrad/', ''), 'package.json');
  const wanted = Object.keys(JSON.parse(readFileSync(file, 'utf8')).exports);
  const missing = wanted.filter((entry) => !(entry in exports));
  if (missing.length > 0) throw new Error(`${name}: the exports of its publishConfig lack ${missing.join(', ')}`);
}

/**
 * Holds the links of a package's README against the files that come with it: a reader of the registry has no others.
 *
 * @param {string} readme
 * @param {readonly string[]} files of the tarball
 */
function checkLinks(readme, files) {
  const targets = Array.from(readme.matchAll(/\]\(([^)#]+)[^)]*\)/g), ([, target = '']) => target);
  const broken = targets.filter((target) => !/^https?:/.test(target) && !files.includes(`package/${target}`));
  if (broken.length > 0) throw new Error(`a README links to ${broken.join(', ')}, which its package does not carry`);
}

inEmptyFolder((folder) => {
  for (const tarball of pack(folder)) {
    const files = run('tar', ['-tzf', tarball], root).split('\n');
    const missing = CARRIED.filter((file) => !files.includes(`package/${file}`));
    if (missing.length > 0) throw new Error(`${basename(tarball)} lacks ${missing.join(', ')}`);
    checkEntryPoints(JSON.parse(run('tar', ['-xOzf', tarball, 'package/package.json'], root)));
    checkLinks(run('tar', ['-xOzf', tarball, 'package/README.md'], root), files);
    run(join(root, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], root);
    run(join(root, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only'], root);
    process.stdout.write(`${basename(tarball)}: ${files.length} files, well formed\n`);
  }
});
