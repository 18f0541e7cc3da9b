/** Training and evaluation mode for models of which only some parameters are trained. */

import type { Parameter } from '@tapegrad/core';
import type { Module } from '@tapegrad/nn';

/**
 * Sets each module to its mode. Inner modules must come after the modules that contain them, since setting a module's
 * mode also sets that of its inner modules.
 */
function setModes(modes: readonly (readonly [Module, boolean])[]): void {
  for (const [module, training] of modes) {
    if (training) module.train();
    else module.eval();
  }
}

/** Runs a function with a model in evaluation mode. Afterwards each of its modules is back in its previous mode. */
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
 * Sets a model to training mode, except for modules whose parameters are all frozen: frozen normalisation layers keep
 * their statistics, and dropout within a frozen module stays off.
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
