/** Fails any test that writes to the console or to a standard stream, since users can't silence a library's output. */
import { afterAll, afterEach } from 'vitest';

const written: string[] = [];

for (const method of ['debug', 'error', 'info', 'log', 'table', 'trace', 'warn'] as const) {
  console[method] = (...values: unknown[]) => {
    written.push(`console.${method}: ${values.map(String).join(' ')}`);
  };
}

for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array) => {
    written.push(`process.${name}: ${typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)}`);
    return true;
  };
}

function expectSilence(): void {
  const output = written.splice(0);
  if (output.length > 0)
    throw new Error(`a test must not write to the console, but this one wrote\n${output.join('\n')}`);
}

afterEach(expectSilence);
afterAll(expectSilence);
