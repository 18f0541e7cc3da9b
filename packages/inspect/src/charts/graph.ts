/** Draws the tape as a graph. */

import type { Tensor } from '@tapegrad/core';
import { formatShape } from '@tapegrad/core/extend';
import { type Link, links } from '@tapegrad/verify';
import { attributesOf, type ProgramInput, type ProgramStep, programOf, type RecordedProgram } from '../program.ts';
import { normColor, normStroke, theme } from './colors.ts';
import { type Box, type Curve, type GraphEdge, layout } from './layout.ts';
import { element, label } from './markup.ts';
import { short } from './numbers.ts';
import { type Drawing, picture, placed, textWidth } from './picture.ts';
import { legendOfNorms } from './scale-legend.ts';

/** The options of `graph`. */
export interface GraphOptions {
  /** The title above the graph. Defaults to 'The tape'. */
  readonly title?: string;
}

/** A box of the graph, before the layout has placed it. */
interface Node {
  readonly id: string;
  readonly name: string;
  readonly shape: string;
  readonly kind: ProgramInput['kind'] | 'step' | 'link' | 'loss';
  readonly group: number | undefined;
  readonly width: number;
}

const NODE_HEIGHT = 38;
/** The width of bold letters relative to regular ones. */
const BOLD = 1.25;
/** The width of the space to the left of a layer's label, through which arrows run. */
const LABEL_INDENT = 70;
const [NAME_SIZE, SHAPE_SIZE, GROUP_SIZE] = [12.5, 11, 12];

/** Computes the norm of a tensor's elements. */
const normOf = (x: Tensor): number => x.norm().item();

/**
 * Returns the layer that each step belongs to. A layer consists of the steps between its input and its output,
 * including those that prepare its weight and bias. A step in several layers counts for the first.
 */
function layersOf(program: RecordedProgram, layers: readonly Link[]): Map<Tensor, number> {
  const steps = new Map(program.steps.map((step) => [step.output, step]));
  const layerOf = new Map<Tensor, number>();
  layers.forEach(({ input, output, preActivation, parts }, layer) => {
    const pending = output === undefined ? (parts?.list.map((part) => part.output) ?? [preActivation]) : [output];
    for (let x = pending.pop(); x !== undefined; x = pending.pop()) {
      const step = steps.get(x);
      if (step === undefined || x === input || layerOf.has(x)) continue;
      layerOf.set(x, layer);
      pending.push(...step.inputs);
    }
  });
  return layerOf;
}

function nodeOf(id: string, name: string, x: Tensor, kind: Node['kind'], group: number | undefined): Node {
  const shape = formatShape(x.shape);
  const width = Math.max(56, textWidth(name, NAME_SIZE) * BOLD, textWidth(shape, SHAPE_SIZE) * 1.1) + 22;
  return { id, name, shape, kind, group, width };
}

/** Returns the id of a step for the layout. Names such as %1 can't be used, since Graphviz reserves them. */
const idOf = (name: string): string => `step ${name.slice(1)}`;

/** Formats a step as its operation, constants and attributes. */
function nameOfStep(step: ProgramStep, { inputs }: RecordedProgram): string {
  const constants = step.inputs.flatMap((x) => {
    const input = inputs.get(x);
    return input?.kind === 'constant' ? [input.name] : [];
  });
  return [step.entry.name, ...constants, attributesOf(step)].filter((part) => part !== '').join(' ');
}

/**
 * Returns the boxes and arrows of a program. A parameter that is used in only one layer is drawn inside this layer. All
 * other inputs are drawn outside of layers.
 */
function nodesAndEdges(program: RecordedProgram, layers: readonly Link[], layerOf: ReadonlyMap<Tensor, number>) {
  const { inputs, steps } = program;
  const preActivations = new Set(layers.map(({ preActivation }) => preActivation));
  const taken = [...inputs.values()].filter(({ kind }) => kind !== 'constant');
  const ids = new Map<Tensor, string>(taken.map(({ tensor }, i) => [tensor, `input ${i}`]));
  for (const { name, output } of steps) ids.set(output, idOf(name));

  const stepNodes = steps.map((step, i) => {
    const last = i === steps.length - 1;
    const kind = last ? 'loss' : preActivations.has(step.output) ? 'link' : 'step';
    return nodeOf(idOf(step.name), nameOfStep(step, program), step.output, kind, layerOf.get(step.output));
  });
  const inputNodes = taken.map(({ tensor, kind, name }) => {
    const takers = new Set(
      steps.filter((step) => step.inputs.includes(tensor)).map(({ output }) => layerOf.get(output)),
    );
    const [group] = kind === 'parameter' && takers.size === 1 ? takers : [];
    return nodeOf(ids.get(tensor)!, name, tensor, kind, group);
  });
  const edges = steps.flatMap(({ name, inputs: operands }) => {
    const handedOn = operands.find((x) => ids.has(x) && inputs.get(x)?.kind !== 'parameter');
    return operands.flatMap((x) => {
      const from = ids.get(x);
      return from === undefined ? [] : [{ from, to: idOf(name), tensor: x, straight: x === handedOn }];
    });
  });
  return { nodes: [...inputNodes, ...stepNodes], edges };
}

const styles: Readonly<Record<Node['kind'], { readonly rx: number; readonly fill: string; readonly stroke: string }>> =
  {
    parameter: { rx: 19, fill: theme.paper, stroke: theme.accent },
    input: { rx: 19, fill: theme.paper, stroke: theme.quiet },
    constant: { rx: 19, fill: theme.paper, stroke: theme.line },
    step: { rx: 7, fill: theme.paper, stroke: theme.line },
    link: { rx: 7, fill: theme.paper, stroke: theme.line },
    loss: { rx: 7, fill: theme.ink, stroke: theme.ink },
  };

function drawNode({ name, shape, kind }: Node, box: Box, linkColor: string | undefined): string {
  const { rx, fill, stroke } = styles[kind];
  const inverse = kind === 'loss';
  const text = (content: string, y: number, size: number, color: string, weight: number): string =>
    label(content, {
      x: box.width / 2,
      y,
      'text-anchor': 'middle',
      'font-size': size,
      'font-weight': weight,
      fill: color,
    });
  return placed(
    element('rect', {
      width: box.width,
      height: box.height,
      rx,
      fill,
      stroke: linkColor ?? stroke,
      'stroke-width': linkColor === undefined ? 1.2 : 3,
    }) +
      text(name, 16, NAME_SIZE, inverse ? theme.paper : theme.ink, 600) +
      text(shape, 30, SHAPE_SIZE, inverse ? theme.line : theme.quiet, 400),
    box.x,
    box.y,
  );
}

function drawEdge(curve: Curve, color: string | undefined): string {
  const [start, ...rest] = curve.map(([x, y]) => `${short(x, 5)} ${short(y, 5)}`);
  const [from, to] = curve.slice(-2) as [readonly [number, number], readonly [number, number]];
  const angle = (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;
  const stroke = color ?? theme.quiet;
  const width = color === undefined ? 1.1 : 3;
  const head = element('path', {
    d: color === undefined ? 'M-6-3L0 0L-6 3Z' : 'M-8-5L1 0L-8 5Z',
    fill: stroke,
    transform: `translate(${short(to[0], 5)} ${short(to[1], 5)}) rotate(${short(angle)})`,
  });
  return element('path', { d: `M${start}C${rest.join(' ')}`, fill: 'none', stroke, 'stroke-width': width }) + head;
}

const titleOf = ({ name, transition }: Link): string => `${name} · ${transition}`;
const normLabel = (norm: number): string => `‖δ‖ ${short(norm)}`;

const drawFrame = ({ x, y, width, height }: Box): string =>
  element('rect', { x, y, width, height, rx: 12, fill: theme.card, stroke: theme.line });

/**
 * Draws the label of a layer's frame. The label is on the right, since arrows between layers run on the left. A halo
 * separates the label from arrows.
 */
function drawLabel(link: Link, norm: number, color: string, { x, y, width }: Box): string {
  const right = x + width - 14;
  const halo = { 'paint-order': 'stroke', stroke: theme.card, 'stroke-width': 5, 'stroke-linejoin': 'round' };
  const line = (text: string, below: number, size: number, weight: number, fill: string): string =>
    label(text, {
      x: right,
      y: y + below,
      'text-anchor': 'end',
      'font-size': size,
      'font-weight': weight,
      fill,
      ...halo,
    });
  return (
    line(titleOf(link), 22, GROUP_SIZE, 600, theme.ink) +
    line(normLabel(norm), 38, SHAPE_SIZE, 400, theme.quiet) +
    element('rect', {
      x: right - textWidth(normLabel(norm), SHAPE_SIZE) - 22,
      y: y + 28,
      width: 12,
      height: 12,
      rx: 3,
      fill: color,
      stroke: theme.line,
    })
  );
}

/**
 * Draws the tape of a loss as a graph, in SVG. Each primitive that ran, and each input, is a box that shows the shape
 * of the tensor. A frame around each layer shows the layer's name, its transition and the norm of its link delta_l =
 * dL/dA_l. The arrows that leave A_l are coloured by the ratio of this norm to the norm of the last link. Reading the
 * links takes a backward pass, which does not consume the tape.
 *
 * @throws TapeError if a backward pass has already consumed the tape.
 * @example
 * const w = parameter(zeros([3, 1]), { name: 'w' });
 * const svg = await graph(ones([5, 3]).matmul(w).sigmoid().mean(), { title: 'One layer' });
 */
export async function graph(loss: Tensor, { title = 'The tape' }: GraphOptions = {}): Promise<string> {
  const program = programOf(loss);
  const outputs = new Set(program.steps.map(({ output }) => output));
  // Skips layers inside a checkpoint, which are not on the tape.
  const layers = links(loss).filter(({ preActivation }) => outputs.has(preActivation));
  const norms = layers.map(({ delta }) => normOf(delta));
  const reference = norms.at(-1) ?? 1;
  const colors = new Map(layers.map(({ preActivation }, i) => [preActivation, normStroke(norms[i]!, reference)]));
  const { nodes, edges } = nodesAndEdges(program, layers, layersOf(program, layers));
  const groups = layers.map((link, i) => {
    const width = Math.max(textWidth(titleOf(link), GROUP_SIZE) * BOLD, textWidth(normLabel(norms[i]!), SHAPE_SIZE));
    return { label: { width: width + LABEL_INDENT, height: 36 } };
  });

  const placedNodes = nodes.map((node) => ({ ...node, height: NODE_HEIGHT }));
  const found = await layout(placedNodes, edges satisfies readonly GraphEdge[], groups);
  const linkOf = new Map(program.steps.map(({ name, output }) => [idOf(name), colors.get(output)]));
  const body = [
    ...found.groups.map(drawFrame),
    ...edges.map(({ tensor }, i) => drawEdge(found.edges[i]!, colors.get(tensor))),
    ...nodes.map((node) => drawNode(node, found.nodes.get(node.id)!, linkOf.get(node.id))),
    ...layers.map((link, i) => drawLabel(link, norms[i]!, normColor(norms[i]!, reference), found.groups[i]!)),
  ];
  const legend = legendOfNorms();
  const drawing: Drawing = {
    body: body.join('') + placed(legend.body, 0, found.height + 18),
    width: Math.max(found.width, legend.width),
    height: found.height + 18 + legend.height,
  };
  const subtitle = `${program.steps.length} operations, ${layers.length} layers`;
  return picture({ title, subtitle }, drawing);
}
