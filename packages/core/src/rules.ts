/** The rule table for other sweeps than that of tensors: it is generic in what it computes with. */

export { unbroadcast } from './tape/unbroadcast.ts';
export { rules } from './tape/vjp-rules.ts';
