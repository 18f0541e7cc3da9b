/** Runs the programs of hosts, and reads what they say of their training. */

import { spawn } from 'node:child_process';

/** @typedef {import('./program.mjs').Outcome} Outcome */
/** @typedef {{ stdout: string, stderr: string }} Output */
/** @typedef {{ cwd: string, env?: Record<string, string>, seconds?: number }} ExecuteOptions */

/**
 * Runs a program to its end. Another exit code than 0 is an error that shows all that was printed, and so is a program
 * that takes too long.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {ExecuteOptions} options
 * @returns {Promise<Output>}
 */
export function execute(program, args, { cwd, env = {}, seconds = 120 }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      // On Windows npx is a script file, which only a shell starts.
      shell: process.platform === 'win32',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const end = signal === null ? `ended with ${code}` : `was stopped after ${seconds} s`;
      reject(new Error(`${[program, ...args].join(' ')} ${end}\n${output.stdout}${output.stderr}`.trim()));
    });
  });
}

/**
 * The outcome that a program printed as a line of JSON, whatever else there is around it.
 *
 * @param {Output} output
 * @returns {Outcome}
 */
export function outcomeIn({ stdout, stderr }) {
  const line = /\{"engine":.*\}/.exec(stdout)?.[0];
  if (line === undefined) throw new Error(`the program printed no outcome:\n${stdout}${stderr}`);
  return JSON.parse(line);
}

/**
 * The outcome of a program that has nothing to complain of: a line on standard error is a fault, unless it is expected.
 *
 * @param {Output} output
 * @param {RegExp} [expected] lines that the host itself prints
 */
export function quietOutcomeIn(output, expected = /^$/) {
  const complaints = output.stderr.split('\n').filter((line) => line.trim() !== '' && !expected.test(line));
  if (complaints.length > 0) throw new Error(`the program printed on standard error:\n${complaints.join('\n')}`);
  return outcomeIn(output);
}
