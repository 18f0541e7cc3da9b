/**
 * Holds each package, packed as it would be published, against what its users' tools expect of it: publint, attw, and
 * the files that every package carries.
 */

import { basename, join } from 'node:path';
import { inEmptyFolder, pack, run } from './packing.mjs';
import { root } from './pnpm.mjs';

const CARRIED = ['LICENSE', 'README.md', 'dist/index.js', 'dist/bundle/index.js', 'src/index.ts'];

inEmptyFolder((folder) => {
  for (const tarball of pack(folder)) {
    const files = run('tar', ['-tzf', tarball], root).split('\n');
    const missing = CARRIED.filter((file) => !files.includes(`package/${file}`));
    if (missing.length > 0) throw new Error(`${basename(tarball)} lacks ${missing.join(', ')}`);
    run(join(root, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], root);
    run(join(root, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only'], root);
    process.stdout.write(`${basename(tarball)}: ${files.length} files, well formed\n`);
  }
});
