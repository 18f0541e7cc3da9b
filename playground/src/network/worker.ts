/** Runs programs outside of the main thread, and draws their tapes. */

import * as core from '@tapegrad/core';
import { derive, verifyPage } from '@tapegrad/formulas';
import { documentHtml } from '@tapegrad/formulas/html';
import { graph, heatMaps, listing } from '@tapegrad/inspect';
import * as nn from '@tapegrad/nn';
import { links as linksOf } from '@tapegrad/verify';
import { transform } from 'sucrase';
import type { ProgramAnswer, ProgramError, ProgramRequest } from './messages.ts';

const modules: Readonly<Record<string, unknown>> = { '@tapegrad/core': core, '@tapegrad/nn': nn };

function moduleNamed(name: string): unknown {
  const found = modules[name];
  if (found === undefined)
    throw new Error(`import: there is no '${name}' here; only ${Object.keys(modules).join(' and ')} are available`);
  return found;
}

interface EditedProgram {
  readonly loss: core.Tensor;
  /** The other exported tensors and modules, whose names formulas use. */
  readonly names: Readonly<Record<string, core.Tensor | nn.Module>>;
}

/** Runs a TypeScript program, after removing its types. */
function run(code: string): EditedProgram {
  const { code: plain } = transform(code, { transforms: ['typescript', 'imports'], disableESTransforms: true });
  const exports: Record<string, unknown> = {};
  new Function('require', 'exports', plain)(moduleNamed, exports);
  const { loss, ...others } = exports;
  if (!(loss instanceof core.Tensor)) throw new Error("export a tensor named 'loss': export const loss = …");
  if (loss.size !== 1) throw new Error(`loss has the shape [${loss.shape.join(', ')}]; it must be a single number`);
  const isNamed = (entry: [string, unknown]): entry is [string, core.Tensor | nn.Module] =>
    entry[1] instanceof core.Tensor || entry[1] instanceof nn.Module;
  return { loss, names: Object.fromEntries(Object.entries(others).filter(isNamed)) };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Derives the formulas of a program's gradients, and judges them like those of any page. */
function derivedHtml({ loss, names }: EditedProgram): string {
  try {
    const { page } = derive(loss, { names });
    return documentHtml(verifyPage(page, { name: 'derived.md', mend: false }), page);
  } catch (error) {
    return `<p>No formulas were derived: ${messageOf(error).replace(/[&<]/g, (c) => (c === '<' ? '&lt;' : '&amp;'))}</p>`;
  }
}

async function answer({ id, code }: ProgramRequest): Promise<ProgramAnswer | ProgramError> {
  try {
    const program = run(code);
    const { loss } = program;
    const links = linksOf(loss);
    return {
      id,
      value: String(Number(Number(loss.item()).toPrecision(6))),
      listing: listing(loss),
      derived: derivedHtml(program),
      graph: await graph(loss, { title: 'The tape' }),
      links: links.length === 0 ? '' : heatMaps(links),
    };
  } catch (error) {
    return { id, error: messageOf(error) };
  }
}

addEventListener('message', ({ data }: MessageEvent<ProgramRequest>) => {
  void answer(data).then((found) => postMessage(found));
});
