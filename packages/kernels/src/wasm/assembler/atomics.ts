/** WebAssembly's atomic instructions on 32-bit words of memory shared between threads. */

import { type Code, unsigned } from './encoding.ts';
import { access, codeOf, loader, type Operand, storer, type Value, value } from './instructions.ts';

/** The prefix byte of atomic opcodes, like the prefix of SIMD opcodes. */
const ATOMIC = 0xfe_0000;

/** `rmw(address, operand, offset)` returns the previous value. */
const readModifyWrite = (opcode: number) => {
  const modify = access(ATOMIC + opcode, 2);
  return (address: Operand<'i32'>, operand: Operand<'i32'>, offset = 0): Value<'i32'> =>
    value('i32', codeOf('i32', address), codeOf('i32', operand), modify, unsigned(offset));
};

const WAIT: Code = [...access(ATOMIC + 0x01, 2), 0];

export const atomic = {
  load: loader('i32', ATOMIC + 0x10, 2),
  store: storer('i32', ATOMIC + 0x17, 2),
  add: readModifyWrite(0x1e),
  sub: readModifyWrite(0x25),
  /** Wakes at most `count` waiters at the address; returns the number woken. */
  notify: readModifyWrite(0x00),
  /**
   * Sleeps while the address holds `expected`, for up to `timeout` ns (forever if negative). Returns 0 if woken, 1 if
   * the value differed, 2 after a timeout.
   */
  wait: (address: Operand<'i32'>, expected: Operand<'i32'>, timeout: Operand<'i64'>): Value<'i32'> =>
    value('i32', codeOf('i32', address), codeOf('i32', expected), codeOf('i64', timeout), WAIT),
} as const;
