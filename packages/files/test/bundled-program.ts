import { buildSync } from 'esbuild';

/** Bundles a program that imports the packages by name, so that a separate process can run it. */
export function bundledProgram(contents: string): string {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: import.meta.dirname },
    conditions: ['@tapegrad/source'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return outputFiles[0]!.text;
}
