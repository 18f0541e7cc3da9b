/** Assembles the code of a planned program: the units in segments, between which JavaScript computes what has no code. */

import type { NdArray } from '@tapegrad/kernels';
import { bytesPerElement } from '@tapegrad/kernels';
import { ModuleBuilder, memory, type Statement } from '@tapegrad/kernels/codegen';
import { blockBytes } from '../passes/memory-plan.ts';
import type { Operation, Step } from '../program/program.ts';
import { type CrossEntropyDType, defineKernels, hasCrossEntropy, sumsBytes } from './cross-entropy.ts';
import { defineLoop, type LoopFunction, scratchBytes } from './define-loop.ts';
import type { Loop } from './loop.ts';
import { type LoweredGroup, lower } from './lower.ts';
import type { Plan } from './plan.ts';
import { isForThreads, type Product, ProductEmitter, productOf, productScratch, tileOf } from './products.ts';

/**
 * A part of a call: an exported function of the module, or a step that JavaScript computes. `isJoined` says whether the
 * function uses joined vectors.
 */
export type Part =
  | { readonly kind: 'segment'; readonly name: string; readonly isJoined: boolean }
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'crossEntropy'; readonly step: Operation };

export interface GeneratedCode {
  readonly module: ModuleBuilder;
  readonly parts: readonly Part[];
  /** The address of scratch memory. */
  readonly scratch: number;
  /** The bytes of memory that the code uses. */
  readonly bytes: number;
}

type Work =
  | { readonly kind: 'loop'; readonly lowered: LoweredGroup }
  | { readonly kind: 'product'; readonly product: Product }
  | { readonly kind: 'crossEntropy'; readonly step: Operation; readonly logits: NdArray }
  | { readonly kind: 'step'; readonly step: Step };

/** Kernels may read, but don't use, elements past the end of memory that they are given. */
const SLACK_BYTES = 1024;

/** Generates the code of a program. With several threads, the interpreter computes large products. */
export function generate(plan: Plan, threads: number): GeneratedCode {
  const { storage } = plan;
  const works = plan.units.map((unit): Work => {
    if (unit.kind === 'group') return { kind: 'loop', lowered: lower(unit, storage, (value) => plan.isRead(value)) };
    const { step } = unit;
    if (step.kind !== 'operation') return { kind: 'step', step };
    const inputs = step.inputs.map((input) => storage.of(input));
    if (hasCrossEntropy(step.op, inputs)) {
      return { kind: 'crossEntropy', step, logits: inputs[step.op === 'crossEntropy' ? 0 : 1]! };
    }
    const product = productOf(step.op, inputs, storage.of(step.output));
    const hasCode = product !== undefined && !(threads > 1 && isForThreads(product));
    return hasCode ? { kind: 'product', product } : { kind: 'step', step };
  });
  const scratch = plan.bytes;
  const most = works.reduce((bytes, work) => Math.max(bytes, scratchOf(work)), 0);
  const emitter = new Emitter(plan, scratch);
  const parts: Part[] = [];
  let statements: Statement[] = [];
  let isJoined = false;
  const flush = (): void => {
    if (statements.length === 0) return;
    parts.push({ kind: 'segment', name: emitter.segment(statements), isJoined });
    statements = [];
    isJoined = false;
  };
  for (const work of works) {
    if (work.kind === 'step' || work.kind === 'crossEntropy') {
      flush();
      parts.push({ kind: work.kind, step: work.step } as Part);
      if (work.kind === 'crossEntropy') emitter.crossEntropy(work.logits);
    } else if (work.kind === 'loop') statements.push(emitter.loop(work.lowered));
    else {
      statements.push(...emitter.product(work.product));
      isJoined ||= tileOf(work.product) === 'wide';
    }
  }
  for (const { slot, block, isInPlace } of plan.stores) {
    if (isInPlace) continue;
    const to = plan.addressOf(storage.blockOf(slot.value));
    statements.push(memory.copy(to, plan.addressOf(block), blockBytes(block)));
  }
  flush();
  return { module: emitter.module, parts, scratch, bytes: scratch + most + SLACK_BYTES };
}

function scratchOf(work: Work): number {
  if (work.kind === 'loop') return scratchBytes(work.lowered.loop);
  if (work.kind === 'crossEntropy') return sumsBytes(work.logits);
  return work.kind === 'product' ? productScratch(work.product) : 0;
}

class Emitter {
  readonly module = new ModuleBuilder();
  readonly #plan: Plan;
  readonly #scratch: number;
  /** Loops that are alike share a function. */
  readonly #loops = new Map<string, LoopFunction>();
  readonly #products = new Map<string, ProductEmitter>();
  readonly #crossEntropies = new Set<string>();
  #segments = 0;

  constructor(plan: Plan, scratch: number) {
    this.#plan = plan;
    this.#scratch = scratch;
  }

  #addressOf = (array: NdArray): number => {
    const { storage } = this.#plan;
    return this.#plan.addressOf(storage.blockOfArray(array)) + array.offset * bytesPerElement(array.dtype);
  };

  #functionOf(loop: Loop): LoopFunction {
    const key = JSON.stringify(loop);
    let made = this.#loops.get(key);
    if (made === undefined) {
      made = defineLoop(this.module, `loop${this.#loops.size}`, loop);
      this.#loops.set(key, made);
    }
    return made;
  }

  loop({ loop, inputs, outputs }: LoweredGroup): Statement {
    const addresses: Record<string, number> = { scratch: this.#scratch };
    for (const [i, array] of inputs.entries()) addresses[`from${i}`] = this.#addressOf(array);
    for (const [i, array] of outputs.entries()) addresses[`to${i}`] = this.#addressOf(array);
    return this.#functionOf(loop).call(addresses);
  }

  product(product: Product): readonly Statement[] {
    const dtype = product.out.dtype as 'float32' | 'float64';
    const tile = tileOf(product);
    const prefix = `${dtype}_${tile}_`;
    let emitter = this.#products.get(prefix);
    if (emitter === undefined) {
      emitter = new ProductEmitter(this.module, dtype, tile, prefix);
      this.#products.set(prefix, emitter);
    }
    return emitter.emit(product, this.#addressOf, this.#scratch);
  }

  /** Adds the kernels of cross-entropies once for each dtype. */
  crossEntropy({ dtype }: NdArray): void {
    if (this.#crossEntropies.has(dtype)) return;
    this.#crossEntropies.add(dtype);
    defineKernels(this.module, dtype as CrossEntropyDType);
  }

  /** Defines a function that runs statements, and returns its name. */
  segment(statements: readonly Statement[]): string {
    const name = `segment${this.#segments++}`;
    this.module.define(name, {}, (f) => f.run(...statements));
    return name;
  }
}
