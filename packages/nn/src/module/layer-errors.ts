/** Where in a model an error was thrown: the path of the layer, in the message. */

import { ArgumentError, DTypeError, ShapeError } from '@tapegrad/core';
import { join } from './module-parts.ts';

const paths = new WeakMap<object, string>();

/** Notes the path of a module, unless a longer one is known that ends so, from a module around the one that was asked. */
export function notePath(module: object, path: string): void {
  if (!paths.get(module)?.endsWith(`.${path}`)) paths.set(module, path);
}

/** An error as it was thrown, and where. */
interface Located {
  readonly message: string;
  /** From the outermost layer that it has come out of, or from the model. */
  readonly path: string;
  /** The layer that threw it, as text. */
  readonly layer: string;
  /** Whether the path begins at the model, which is so once the model was asked for its parts. */
  readonly isWhole: boolean;
}

const locations = new WeakMap<object, Located>();

const isOurs = (error: unknown): error is Error =>
  error instanceof ShapeError || error instanceof DTypeError || error instanceof ArgumentError;

/**
 * The error that a layer threw, with its path in the message: `dense: expects 3 features but receives 4 (in layer 0.2, Dense(3, 5))`.
 *
 * @param name of the layer in the one around it, which catches the error.
 */
export function errorAt(error: unknown, name: string, layer: object): unknown {
  if (!isOurs(error)) return error;
  const inner = locations.get(error);
  if (inner?.isWhole) return error;
  const known = paths.get(layer);
  const here = known ?? name;
  const location: Located = {
    message: inner?.message ?? error.message,
    path: inner === undefined ? here : join(here, inner.path),
    layer: inner?.layer ?? String(layer),
    isWhole: known !== undefined,
  };
  locations.set(error, location);
  const shown = error.message;
  error.message = `${location.message} (in layer ${location.path}, ${location.layer})`;
  // Some engines keep the message in the stack, which is what they print.
  if (error.stack?.includes(shown)) error.stack = error.stack.replace(shown, () => error.message);
  return error;
}
