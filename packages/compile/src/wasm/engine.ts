/**
 * The engine that generates code: a program becomes one WebAssembly function, or a few where a step needs JavaScript,
 * with all arrays at fixed addresses in a memory of its own.
 */

import { engineInfo } from '@tapegrad/core/lean';
import { HostRefusal } from '@tapegrad/kernels/codegen';
import { interpreted } from '../interpreted/engine.ts';
import type { PreparedProgram, ProgramEngine } from '../program/engine.ts';
import type { Program } from '../program/program.ts';
import { GeneratedProgram } from './generated-program.ts';
import { planProgram } from './plan.ts';

/**
 * Generates code for programs. Where there is no WebAssembly interpreter, or the host refuses code or memory, programs
 * run step by step.
 */
export const generating: ProgramEngine = {
  name: 'wasm',
  prepare(program: Program): PreparedProgram {
    const { interpreter, threads } = engineInfo();
    if (interpreter !== 'wasm') return interpreted.prepare(program);
    try {
      return new GeneratedProgram(program, planProgram(program), threads);
    } catch (error) {
      if (!(error instanceof HostRefusal)) throw error;
      return interpreted.prepare(program);
    }
  },
};
