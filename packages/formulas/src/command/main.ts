#!/usr/bin/env node
/** The command `tapegrad-verify`, where it reads and writes. */

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { runCommand } from './run.ts';

process.exitCode = runCommand(process.argv.slice(2), {
  read: (file) => readFileSync(file === '-' ? 0 : file, 'utf8'),
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  width: process.stdout.columns,
});
