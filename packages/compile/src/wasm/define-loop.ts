/** Makes a function of a loop: its parameters are the addresses of the arrays that it reads and writes. */

import {
  type Func,
  type FunctionBuilder,
  features,
  floatVector,
  integers,
  type Local,
  type ModuleBuilder,
} from '@tapegrad/kernels/codegen';
import { type Access, kindOf, stepBytes } from './access.ts';
import { emitColumns } from './columns.ts';
import { elementCode, type Kind, resultKind } from './element-code.ts';
import type { Loop } from './loop.ts';
import { scheduleRows } from './passes-over-rows.ts';
import { emitRow, keptRowBytes, type RowScope } from './rows.ts';

/** A function of addresses: of the inputs, of the outputs, and of scratch memory. */
export type LoopFunction = Func<Readonly<Record<string, 'i32'>>, 'void'>;

/** Returns the kind of each value of a loop, or `undefined` if an instruction has no code. */
function kindsOf({ inputs, instructions }: Loop): readonly Kind[] | undefined {
  const kinds = inputs.map(({ dtype }) => kindOf(dtype));
  for (const { op, inputs: operands, attributes, reduction } of instructions) {
    const own = operands.map((i) => kinds[i]!);
    const kind = reduction === undefined ? resultKind(op, own, attributes) : 'number';
    if (kind === undefined) return undefined;
    kinds.push(kind);
  }
  return kinds;
}

/** Returns the bytes of scratch memory that a loop needs. */
export function scratchBytes(loop: Loop): number {
  if (loop.along === 'columns') return 0;
  const kept = new Set(scheduleRows(loop).passes.flatMap((pass) => pass.kept));
  return kept.size * keptRowBytes(loop, loop.type === 'f32' ? 4 : 8);
}

/** Defines the function of a loop. It takes addresses in the order: inputs, outputs, scratch. */
export function defineLoop(module: ModuleBuilder, name: string, loop: Loop): LoopFunction {
  const v = floatVector(loop.type, features().relaxedSimd);
  const kinds = kindsOf(loop)!;
  const sources = loop.inputs.map((_, i) => `from${i}`);
  const targets = loop.outputs.map((_, i) => `to${i}`);
  return module.define(name, integers(...sources, ...targets, 'scratch') as Readonly<Record<string, 'i32'>>, (f, p) => {
    const apply = loop.instructions.map(({ op, inputs, attributes, reduction }) =>
      reduction === undefined
        ? elementCode(
            f,
            v,
            op,
            inputs.map((i) => kinds[i]!),
            attributes,
          )
        : undefined,
    );
    const scope: RowScope = {
      loop,
      v,
      apply: [...loop.inputs.map(() => undefined), ...apply],
      from: sources.map((parameter) => p[parameter]!),
      to: targets.map((parameter) => p[parameter]!),
      scratch: p['scratch']!,
    };
    const isColumns = loop.along === 'columns';
    nest(f, scope, 0, loop.axes.length - (isColumns ? 2 : 1), isColumns ? emitColumns : emitRow);
  });
}

/** Emits the loops over the outer axes, whose addresses advance by the steps of each array. */
function nest(
  f: FunctionBuilder,
  scope: RowScope,
  axis: number,
  depth: number,
  body: (f: FunctionBuilder, scope: RowScope) => void,
): void {
  if (axis === depth) {
    body(f, scope);
    return;
  }
  const { loop, from, to } = scope;
  const targets = loop.outputs.map(({ access }) => access);
  const start = (accesses: readonly Access[], pointers: readonly Local<'i32'>[]) =>
    pointers.map((pointer, i) => (stepBytes(accesses[i]!, axis) === 0 ? pointer : f.let(pointer)));
  const inner = { ...scope, from: start(loop.inputs, from), to: start(targets, to) };
  const advance = (accesses: readonly Access[], pointers: readonly Local<'i32'>[]): void => {
    for (const [i, pointer] of pointers.entries()) {
      const bytes = stepBytes(accesses[i]!, axis);
      if (bytes !== 0) f.advance(pointer, bytes);
    }
  };
  f.for(0, loop.axes[axis]!, 1, () => {
    nest(f, inner, axis + 1, depth, body);
    advance(loop.inputs, inner.from);
    advance(targets, inner.to);
  });
}
