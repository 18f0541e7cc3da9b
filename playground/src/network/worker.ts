/** Runs programs away from the page's own thread, and draws their tapes. */

import * as core from '@tapegrad/core';
import { graph, heatMaps, listing } from '@tapegrad/inspect';
import * as nn from '@tapegrad/nn';
import { links as linksOf } from '@tapegrad/verify';
import { transform } from 'sucrase';
import type { ProgramAnswer, ProgramError, ProgramRequest } from './messages.ts';

const modules: Readonly<Record<string, unknown>> = { '@tapegrad/core': core, '@tapegrad/nn': nn };

function moduleNamed(name: string): unknown {
  const found = modules[name];
  if (found === undefined)
    throw new Error(`import: there is no '${name}' here; ${Object.keys(modules).join(' and ')} are`);
  return found;
}

/** Runs a program in TypeScript, whose types are removed, and gives the loss that it exports. */
function lossOf(code: string): core.Tensor {
  const { code: plain } = transform(code, { transforms: ['typescript', 'imports'], disableESTransforms: true });
  const exports: { loss?: unknown } = {};
  new Function('require', 'exports', plain)(moduleNamed, exports);
  const { loss } = exports;
  if (!(loss instanceof core.Tensor)) throw new Error("export a tensor named 'loss': export const loss = …");
  if (loss.size !== 1) throw new Error(`loss has the shape [${loss.shape.join(', ')}]; it must be a single number`);
  return loss;
}

async function answer({ id, code }: ProgramRequest): Promise<ProgramAnswer | ProgramError> {
  try {
    const loss = lossOf(code);
    const links = linksOf(loss);
    return {
      id,
      value: String(Number(Number(loss.item()).toPrecision(6))),
      listing: listing(loss),
      graph: await graph(loss, { title: 'The tape' }),
      links: links.length === 0 ? '' : heatMaps(links),
    };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

addEventListener('message', ({ data }: MessageEvent<ProgramRequest>) => {
  void answer(data).then((found) => postMessage(found));
});
