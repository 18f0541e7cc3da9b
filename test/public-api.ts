/** The public API as a list: every name that an entry point exports, its kind, and the first sentence of its docstring. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

export interface Export {
  readonly name: string;
  readonly kind: string;
  /** Empty if the declaration has no docstring. */
  readonly summary: string;
}

export interface EntryPoint {
  /** Returns the specifier of an import. */
  readonly specifier: string;
  readonly exports: readonly Export[];
}

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const packages = readdirSync(join(root, 'packages')).sort();
const manifestOf = (folder: string): Manifest => JSON.parse(textOf(`packages/${folder}/package.json`));

/** Returns the source file of an entry point, given its specifier. */
const sources = new Map(
  packages.flatMap((folder) => {
    const { name, exports } = manifestOf(folder);
    return Object.entries(exports).flatMap(([path, targets]) =>
      typeof targets === 'string'
        ? []
        : [[name + path.slice(1), join('packages', folder, targets['@tapegrad/source']!)] as const],
    );
  }),
);

/** Returns the file that is imported in `from`; `undefined` outside the workspace. */
const resolve = (from: string, specifier: string): string | undefined =>
  specifier.startsWith('.') ? join(dirname(from), specifier) : sources.get(specifier);

const declaration = (name: string) =>
  new RegExp(
    String.raw`(?:/\*\*((?:(?!\*/)[\s\S])*?)\*/\s*(?://[^\n]*\n\s*)*)?^(?:export )?(?:declare )?(?:abstract )?(?:async )?(class|interface|type|const|let|function\*?) ${name}\b`,
    'm',
  );

/** Returns the first sentence of a docstring, on one line. */
function summaryOf(docstring: string): string {
  const [paragraph = ''] = docstring
    .replaceAll(/^\s*\* ?/gm, '')
    .trim()
    .split(/\n\s*\n|\n@|^@/);
  const line = paragraph.replaceAll(/\s+/g, ' ').trim();
  return /^.*?[.:](?= [A-Z`({[]|$)/.exec(line)?.[0].replace(/:$/, '.') ?? line;
}

/** The files that declare methods of `Tensor`, as one text. */
const methods = ['tensor', 'methods']
  .flatMap((folder) => readdirSync(join(root, 'packages/core/src', folder)).map((file) => join(folder, file)))
  .map((file) => textOf(`packages/core/src/${file}`))
  .join('\n');

/** Returns the first sentence of the docstring of a method of `Tensor`. */
function methodSummary(name: string): string {
  const method = new RegExp(String.raw`/\*\*((?:(?!\*/)[\s\S])*?)\*/\s+${name}[<(]`);
  return summaryOf(method.exec(methods)?.[1] ?? '');
}

/** Describes a name that a file exports, at its declaration. */
function lookUp(file: string, name: string): Export {
  const text = textOf(file);
  const found = declaration(name).exec(text);
  if (found !== null) {
    const [, docstring = '', kind] = found;
    // A function that is also a method is described at the method.
    const summary = summaryOf(docstring) || (file.includes('/operators/') ? methodSummary(name) : '');
    return { name, kind: kind === 'let' ? 'const' : kind!, summary };
  }
  const namespace = new RegExp(String.raw`^import \* as ${name} from '([^']+)';`, 'm').exec(text)?.[1];
  if (namespace !== undefined) {
    const [docstring = ''] = /^\/\*\*[\s\S]*?\*\//.exec(textOf(resolve(file, namespace)!)) ?? [];
    return { name, kind: 'namespace', summary: summaryOf(docstring.slice(3, -2)) };
  }
  const whole = exportsAll(text).find((specifier) => namesIn(resolve(file, specifier)!).includes(name));
  if (whole !== undefined) return lookUp(resolve(file, whole)!, name);
  const from = exportsFrom(text).find(({ names }) => names.some(({ exported }) => exported === name));
  const source = from?.names.find(({ exported }) => exported === name)?.source ?? name;
  const target = from?.specifier === undefined ? file : resolve(file, from.specifier);
  const isSame = target === file && source === name;
  return target === undefined || isSame ? { name, kind: 'const', summary: '' } : { ...lookUp(target, source), name };
}

/** Returns the export statements of a file. */
function exportsFrom(text: string) {
  return Array.from(text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/gm), ([, list, specifier]) => ({
    specifier,
    names: list!
      .split(',')
      .map((item) => item.trim().replace(/^type /, ''))
      .filter((item) => item !== '')
      .map((item) => {
        const [source, exported = source] = item.split(' as ') as [string, string?];
        return { source, exported };
      }),
  }));
}

/** Returns the files of which a file re-exports everything. */
const exportsAll = (text: string): string[] =>
  Array.from(text.matchAll(/^export \* from '([^']+)';/gm), ([, specifier]) => specifier!);

/** Returns every name that a file exports. */
function namesIn(file: string): string[] {
  const text = textOf(file);
  const declared = text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:class|interface|type|const|let|function\*?) (\w+)/gm,
  );
  const listed = exportsFrom(text).flatMap(({ names }) => names.map(({ exported }) => exported));
  const all = exportsAll(text).flatMap((specifier) => namesIn(resolve(file, specifier)!));
  return [...new Set([...Array.from(declared, ([, name]) => name!), ...listed, ...all])];
}

/** Returns the entry points of all packages, with their exports. */
export const entryPoints = (): readonly EntryPoint[] =>
  Array.from(sources, ([specifier, file]) => ({
    specifier,
    exports: namesIn(file)
      .map((name) => lookUp(file, name))
      .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)),
  }));

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);

/** Formats the list as a page. */
export function formatApi(entries: readonly EntryPoint[]): string {
  const isType = ({ kind }: Export): boolean => kind === 'interface' || kind === 'type';
  const table = (rows: readonly Export[]): string =>
    `| name | | what it is |\n| --- | --- | --- |\n${rows
      .map(({ name, kind, summary }) => `| \`${name}\` | ${kind} | ${cell(summary)} |\n`)
      .join('')}`;
  const namesOf = ({ exports }: EntryPoint): string => exports.map(({ name }) => name).join();
  const sections = entries.map((entry, i) => {
    const { specifier, exports } = entry;
    const same = entries.slice(0, i).find((other) => namesOf(other) === namesOf(entry));
    if (same !== undefined) return `## ${specifier}\n\nThe names of \`${same.specifier}\`.\n`;
    const [values, types] = [exports.filter((e) => !isType(e)), exports.filter(isType)];
    const parts = [values, types].filter(({ length }) => length > 0).map(table);
    return `## ${specifier}\n\n${values.length} values, ${types.length} types.\n\n${parts.join('\n')}`;
  });
  return `# Public API\n\nEvery name that the packages export, from its docstring. \`npm run docs:api\` writes this page; a test keeps it true.\n\n${sections.join('\n')}`;
}
