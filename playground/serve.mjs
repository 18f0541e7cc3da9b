/** Builds the page, serves it, and builds it again when a file changes. */

import { context } from 'esbuild';
import { copyPage, options, site } from './build.mjs';

copyPage();
const port = Number(process.env.PORT ?? 8123);
const builds = await context({ ...options, minify: false, sourcemap: true });
await builds.watch();
await builds.serve({ servedir: site, host: '127.0.0.1', port });
process.stdout.write(`the playground is at http://127.0.0.1:${port}/\n`);
