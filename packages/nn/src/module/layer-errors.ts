/** Adds the path of a layer to the messages of errors that it throws. */

import { ArgumentError, DTypeError, ShapeError } from '@tapegrad/core/lean';
import { join } from './module-parts.ts';

const paths = new WeakMap<object, string>();

/**
 * Records the path of a module. If the module has a longer path that ends with this one, which an enclosing module has
 * set, that path is kept.
 */
export function notePath(module: object, path: string): void {
  if (!paths.get(module)?.endsWith(`.${path}`)) paths.set(module, path);
}

/** The original message of an error, and the layer that threw it. */
interface Located {
  readonly message: string;
  /** The path of the layer, from the model or from the outermost layer that has caught the error so far. */
  readonly path: string;
  /** The layer that threw the error, as text. */
  readonly layer: string;
  /** Whether the path begins at the model. This is the case if the paths of the model's parts have been recorded. */
  readonly isWhole: boolean;
}

const locations = new WeakMap<object, Located>();

const isOurs = (error: unknown): error is Error =>
  error instanceof ShapeError || error instanceof DTypeError || error instanceof ArgumentError;

/**
 * Adds a layer's path to the message of an error that it threw, and returns the error: `dense: expects 3 features but
 * receives 4 (in layer 0.2, Dense(3, 5))`.
 *
 * @param name The name of the layer within the enclosing layer, which catches the error.
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
  // Some engines print the stack, which contains the message.
  if (error.stack?.includes(shown)) error.stack = error.stack.replace(shown, () => error.message);
  return error;
}
