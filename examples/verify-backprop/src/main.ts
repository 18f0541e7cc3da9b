/** Checks every formula of backpropagation against the tape: the program that `npm run verify` runs. */

import { join } from 'node:path';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES } from '@tapegrad/example-toolkit/picture-file';
import { outFolder, print, printFile, runProgram } from '@tapegrad/example-toolkit/program';
import { tryFolder, writeFileAtomic } from '@tapegrad/files/node';
import { type Finding, reportJson, reportMarkdown, reportPage, reportTable } from '@tapegrad/inspect';
import { drawPictures } from './pictures.ts';
import { rows } from './rows.ts';
import { findingFor } from './trial.ts';

const ABOUT = `Holds every formula of the theory, as printed and as mended, against the tape. The exit code is 0 only where each
row gets the verdict that it must get.`;

const options = readOptions(ABOUT, {
  networks: { kind: 'whole', default: 40, min: 4, help: 'random networks that each formula is tried on' },
  seed: { kind: 'whole', default: 42, help: 'of all random numbers' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the page and the pictures' },
  pictures: { kind: 'path', help: 'another folder for the pictures' },
});

const ABOUT_PAGE =
  'Every formula of the theory of feed-forward networks, as printed in course notes and as mended, compared with the ' +
  'tape of random networks in float64 with several depths, widths, batch sizes and transitions. The tape itself is compared ' +
  'with central differences. Open a row to see the evidence for its verdict.';

await runProgram(async () => {
  for (const folder of [options.out, options.pictures]) if (folder !== undefined) tryFolder(folder, PICTURE_BYTES);
  const findings = rows.map((row) => findingFor(row, options));
  const { columns, isTTY } = process.stdout;
  print(reportTable(findings, { width: columns ?? 120, color: isTTY === true && process.env.NO_COLOR === undefined }));
  await writeReports(findings);
  if (!findings.every(({ passed }) => passed)) process.exitCode = 1;
});

async function writeReports(findings: readonly Finding[]): Promise<void> {
  const pictures = await drawPictures();
  const drawings = Object.fromEntries(pictures.map(({ name, svg }) => [`${name}.svg`, svg]));
  const page = reportPage(findings, { title: 'Backpropagation, verified', about: ABOUT_PAGE, pictures });
  const reports = {
    'report.html': page,
    'report.md': reportMarkdown(findings),
    'report.json': reportJson(findings),
  };
  print('');
  writeAll(options.out, { ...reports, ...drawings });
  if (options.pictures !== undefined) writeAll(options.pictures, drawings);
}

/** Writes files by name into a folder, and prints their paths. */
function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileAtomic(path, content);
    printFile(path);
  }
}
