/**
 * Convolutions on pointers: matrix products whose windows are never unfolded.
 *
 * A plane is laid out with its padding. If windows step by s, elements with the same remainder modulo s are stored
 * together (`copy`). The values that one window entry reads at all positions are then contiguous, and begin at an
 * offset that depends on the entry. At the end of each row of positions, reads continue into the next row; copying the
 * result drops the extra values. The rows of the product's operand are therefore addressed by a table of offsets, and
 * one table serves all images.
 */

import { type FloatType, type FloatVector, floatVector } from '../assembler/float-vector.ts';
import { i32, memory, smaller } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Locals, type ModuleBuilder } from '../assembler/module-builder.ts';
import { BLOCK_ROWS, defineBlock, TILES, type TileName } from '../matmul/microkernel.ts';
import { definePack } from '../matmul/pack.ts';
import { task } from '../threads/task-runner.ts';

const ofCopy = [
  ...(['to', 'toPlane', 'toRow', 'toStep', 'from', 'fromPlane', 'fromRow', 'fromStep'] as const),
  ...(['planes', 'rows', 'columns'] as const),
] as const;

/** Copies the elements of planes between layouts with different steps, all in bytes. */
function copyPlanes(f: FunctionBuilder, v: FloatVector, p: Locals<{ readonly [N in (typeof ofCopy)[number]]: 'i32' }>) {
  const { laneBytes, one } = v;
  f.for(0, p.planes, 1, () => {
    const [toRow, fromRow] = [f.let(p.to), f.let(p.from)];
    f.for(0, p.rows, 1, () => {
      const [to, from, left] = [f.let(toRow), f.let(fromRow), f.let(p.columns)];
      f.if(i32.and(i32.eq(p.toStep, laneBytes), i32.eq(p.fromStep, laneBytes)), () =>
        f.while(i32.geS(left, v.lanes), () => {
          f.run(v.store(to, v.load(from)));
          f.advance(to, 16);
          f.advance(from, 16);
          f.advance(left, -v.lanes);
        }),
      );
      f.while(left, () => {
        f.run(one.store(to, one.load(from)));
        f.advance(to, p.toStep);
        f.advance(from, p.fromStep);
        f.advance(left, -1);
      });
      f.advance(toRow, p.toRow);
      f.advance(fromRow, p.fromRow);
    });
    f.advance(p.to, p.toPlane);
    f.advance(p.from, p.fromPlane);
  });
}

/** The functions of the module that aren't tasks. */
export interface ConvolutionExports {
  /** Packs a weight's rows; see `definePack`. */
  packWeight(
    source: number,
    rowStride: number,
    columnStride: number,
    depth: number,
    width: number,
    target: number,
    panelStride: number,
  ): void;
}

/** Defines the tasks of convolutions. An item is one group of an image. */
export function convolutionTasks(module: ModuleBuilder, type: FloatType, tileName: TileName) {
  const tile = TILES[tileName];
  const v = floatVector(type, tileName !== 'plain') as FloatVector;
  const { laneBytes } = v;
  const panelColumns = tile.vectors * v.lanes;
  definePack(module, 'packWeight', v, tile.rows, tile.isJoined);
  const pack = definePack(module, 'packMaps', v, panelColumns, tile.isJoined);
  const multiplyBlock = defineBlock(module, 'multiplyBlock', v, tile, { a: 'packed', b: 'listed' });
  const weightGradientBlock = defineBlock(module, 'weightGradientBlock', v, tile, { a: 'listed', b: 'stepped' });
  const copy = module.define('copyPlanes', integers(...ofCopy), (f, p) => copyPlanes(f, v, p));

  return {
    /** Clears `taskBytes` bytes per task. */
    clear: task(['to', 'bytes', 'taskBytes'], (f, p) => {
      const done = f.let(i32.mul(p.task, p.taskBytes));
      const left = f.let(i32.sub(p.bytes, done));
      f.run(memory.fill(i32.add(p.to, done), 0, smaller(left, p.taskBytes)));
    }),

    /** Copies the planes of an image. */
    copy: task([...ofCopy, 'toImage', 'fromImage'], (f, p) => {
      f.advance(p.to, i32.mul(p.task, p.toImage));
      f.advance(p.from, i32.mul(p.task, p.fromImage));
      f.run(copy.call(p));
    }),

    /**
     * Packs the maps of an item as the right operand of a product, with one position per row. Rows of positions start
     * `rowPositions` apart; the gaps between them are not written.
     */
    pack: task(
      ['from', 'fromItem', 'planes', 'rows', 'columns', 'rowPositions', 'to', 'toItem', 'panelBytes'],
      (f, p) => {
        const rowBytes = f.let(i32.mul(p.columns, laneBytes));
        const columnStride = f.let(i32.mul(p.rows, rowBytes));
        const from = f.let(i32.add(p.from, i32.mul(p.task, p.fromItem)));
        const to = f.let(i32.add(p.to, i32.mul(p.task, p.toItem)));
        f.for(0, p.rows, 1, () => {
          f.run(
            pack.call({
              source: from,
              rowStride: laneBytes,
              columnStride,
              depth: p.columns,
              width: p.planes,
              target: to,
              panelStride: p.panelBytes,
            }),
          );
          f.advance(from, rowBytes);
          f.advance(to, i32.mul(p.rowPositions, panelColumns * laneBytes));
        });
      },
    ),

    /**
     * Multiplies a weight, packed in blocks of rows, by the listed rows of an item, for a band of rows of positions.
     */
    multiply: task(
      [
        ...(['bands', 'bandRows', 'rows', 'columns', 'rowBytes', 'm', 'k', 'depth', 'a', 'aGroup', 'groups'] as const),
        ...(['b', 'bItem', 'list', 'work', 'workBytes'] as const),
        ...(['to', 'toItem', 'toPlane', 'toRow', 'toStep'] as const),
      ],
      (f, p) => {
        const item = f.let(i32.divU(p.task, p.bands));
        const first = f.let(i32.mul(i32.remU(p.task, p.bands), p.bandRows));
        const rows = f.let(smaller(f.let(i32.sub(p.rows, first)), p.bandRows));
        const bytes = f.let(i32.add(i32.mul(i32.sub(rows, 1), p.rowBytes), i32.mul(p.columns, laneBytes)));
        const cRowStride = f.let(i32.and(i32.add(bytes, 15), -16));
        const a = f.let(i32.add(p.a, i32.mul(i32.remU(item, p.groups), p.aGroup)));
        const b = f.let(i32.add(i32.add(p.b, i32.mul(item, p.bItem)), i32.mul(first, p.rowBytes)));
        const c = f.let(i32.add(p.work, i32.mul(p.thread, p.workBytes)));
        f.for(0, p.m, BLOCK_ROWS, (row) => {
          const height = f.let(smaller(f.let(i32.sub(p.m, row)), i32.const(BLOCK_ROWS)));
          const panels = i32.divU(i32.add(height, tile.rows - 1), tile.rows);
          f.run(
            multiplyBlock.call({
              rows: height,
              n: i32.divU(bytes, laneBytes),
              k: p.k,
              depth: p.depth,
              a: i32.add(a, i32.mul(i32.mul(row, p.k), laneBytes)),
              aStep: i32.mul(panels, tile.rows * laneBytes),
              b,
              bStep: 0,
              bPanel: panelColumns * laneBytes,
              list: p.list,
              c: i32.add(c, i32.mul(row, cRowStride)),
              cRowStride,
              base: 0,
              baseRowStride: 0,
            }),
          );
        });
        f.run(
          copy.call({
            to: i32.add(i32.add(p.to, i32.mul(item, p.toItem)), i32.mul(first, p.toRow)),
            toPlane: p.toPlane,
            toRow: p.toRow,
            toStep: p.toStep,
            from: c,
            fromPlane: cRowStride,
            fromRow: p.rowBytes,
            fromStep: laneBytes,
            planes: p.m,
            rows,
            columns: p.columns,
          }),
        );
      },
    ),

    /** Multiplies some of the listed rows by packed maps and sums over the images, for one group. */
    weightGradient: task(
      [
        ...(['parts', 'partRows', 'rows', 'images', 'n', 'k', 'depth'] as const),
        ...(['a', 'aImage', 'aGroup', 'list', 'b', 'bImage', 'bGroup', 'c', 'add'] as const),
      ],
      (f, p) => {
        const group = f.let(i32.divU(p.task, p.parts));
        const first = f.let(i32.mul(i32.remU(p.task, p.parts), p.partRows));
        const rows = f.let(smaller(f.let(i32.sub(p.rows, first)), p.partRows));
        const a = f.let(i32.add(p.a, i32.mul(group, p.aGroup)));
        const b = f.let(i32.add(p.b, i32.mul(group, p.bGroup)));
        const cRowStride = f.let(i32.mul(p.n, laneBytes));
        const c = f.let(i32.add(p.c, i32.mul(i32.add(i32.mul(group, p.rows), first), cRowStride)));
        const base = f.let(i32.const(0));
        f.for(0, p.images, 1, (image) => {
          f.if(i32.or(p.add, image), () => f.set(base, c));
          f.run(
            weightGradientBlock.call({
              rows,
              n: p.n,
              k: p.k,
              depth: p.depth,
              a,
              aStep: 0,
              list: i32.add(p.list, i32.mul(first, 4)),
              b,
              bStep: panelColumns * laneBytes,
              bPanel: i32.mul(p.k, panelColumns * laneBytes),
              c,
              cRowStride,
              base,
              baseRowStride: cRowStride,
            }),
          );
          f.advance(a, p.aImage);
          f.advance(b, p.bImage);
        });
      },
    ),
  };
}
