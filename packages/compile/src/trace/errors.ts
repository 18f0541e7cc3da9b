/** Errors of functions that a trace can't follow. */

import { callSiteOf, noteStack } from '@tapegrad/core/tape';

/** A function does something that a trace can't follow. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** Returns where the program is now, for messages. */
export function place(): string {
  const site = callSiteOf(noteStack());
  return site === undefined ? '' : ` (${site})`;
}
