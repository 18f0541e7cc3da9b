/** Training and evaluation mode of a model that is trained in part. */

import type { Parameter } from '@tapegrad/core';
import type { Module } from '@tapegrad/nn';

/** Sets modules to modes; those listed later are inside those listed before. */
function setModes(modes: readonly (readonly [Module, boolean])[]): void {
  for (const [module, training] of modes) {
    if (training) module.train();
    else module.eval();
  }
}

/**
 * Runs a function while a model is in evaluation mode. Afterwards each of its modules is in the mode that it was in.
 */
export async function inEvaluation<R>(model: Module, body: () => Promise<R>): Promise<R> {
  const modes = [...model.modules().values()].map((module) => [module, module.training] as const);
  model.eval();
  try {
    return await body();
  } finally {
    setModes(modes);
  }
}

/**
 * Sets a model to training mode, except for modules with parameters none of which is trained: a frozen normalisation keeps
 * its statistics, and a frozen body drops nothing.
 */
export function enterTraining(model: Module, trained: ReadonlySet<Parameter>): void {
  const used = new Set<string>(['']);
  const held = new Set<string>();
  for (const [path, parameter] of model.namedParameters()) {
    for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
      held.add(path.slice(0, end));
      if (trained.has(parameter)) used.add(path.slice(0, end));
    }
  }
  model.train();
  for (const [path, module] of model.modules()) if (held.has(path) && !used.has(path)) module.eval();
}
