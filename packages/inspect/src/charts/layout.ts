/** Lays out the boxes and arrows of a graph with Graphviz. */

import { Graphviz } from '@hpcc-js/wasm-graphviz';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle given by its upper left corner, with y pointing down. */
export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

export interface GraphNode extends Size {
  readonly id: string;
  /** The group inside which the node is drawn; `undefined` for none. */
  readonly group: number | undefined;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Whether to keep the edge straight, even if other edges must bend around it. */
  readonly straight: boolean;
}

export interface GraphGroup {
  /** The space for the group's label, above its nodes. */
  readonly label: Size;
}

/** The points of a Bézier curve: the start point, and then three points for each cubic piece. */
export type Curve = readonly (readonly [x: number, y: number])[];

export interface Layout extends Size {
  readonly nodes: ReadonlyMap<string, Box>;
  readonly groups: readonly Box[];
  readonly edges: readonly Curve[];
}

/** An object with a position in Graphviz's JSON output. */
interface Placed {
  readonly name?: string;
  readonly pos?: string;
  readonly bb?: string;
  readonly id?: string;
}

interface Drawn {
  readonly bb: string;
  readonly objects?: readonly Placed[];
  readonly edges?: readonly Placed[];
}

/** The number of points in an inch: Graphviz expects sizes in inches, and returns positions in points. */
const INCH = 72;

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const inches = (points: number): string => (points / INCH).toFixed(4);

function source(nodes: readonly GraphNode[], edges: readonly GraphEdge[], groups: readonly GraphGroup[]): string {
  const declared = ({ id, width, height }: GraphNode): string =>
    `${quoted(id)} [width=${inches(width)} height=${inches(height)}]`;
  // A table of fixed size reserves the space for the label, independently of the fonts that Graphviz knows.
  const room = ({ width, height }: Size): string =>
    `<<table border="0" fixedsize="true" width="${Math.ceil(width)}" height="${height}"><tr><td></td></tr></table>>`;
  const groupOf = new Map(nodes.map(({ id, group }) => [id, group]));
  const clusters = groups.map(({ label }, i) => {
    const members = nodes.filter(({ group }) => group === i).map(declared);
    return `subgraph cluster_${i} { margin=14 label=${room(label)}; ${members.join(';')} }`;
  });
  return [
    'digraph { rankdir=TB ordering=in nodesep=0.22 ranksep=0.3 node [shape=box fixedsize=true label=""] edge [arrowhead=none]',
    ...nodes.filter(({ group }) => group === undefined).map(declared),
    ...clusters,
    ...edges.map(({ from, to, straight }, i) => {
      // Adds an extra rank to edges between groups. So groups don't share a rank, and are drawn one below the other.
      const between = groupOf.get(from) !== groupOf.get(to);
      return `${quoted(from)} -> ${quoted(to)} [id=${i} minlen=${between ? 2 : 1} weight=${straight ? 20 : 1}]`;
    }),
    '}',
  ].join('\n');
}

const numbers = (text: string): number[] => text.split(/[ ,]/).map(Number);

/** Lays out a directed graph from top to bottom. Each group gets a separate box. */
export async function layout(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  groups: readonly GraphGroup[],
): Promise<Layout> {
  const graphviz = await Graphviz.load();
  const drawn = JSON.parse(graphviz.layout(source(nodes, edges, groups), 'json', 'dot')) as Drawn;
  const [, , width = 0, height = 0] = numbers(drawn.bb);
  const objects = new Map(drawn.objects?.map((object) => [object.name, object]));

  const boxOfNode = ({ id, ...size }: GraphNode): Box => {
    const [x = 0, y = 0] = numbers(objects.get(id)?.pos ?? '');
    return { x: x - size.width / 2, y: height - y - size.height / 2, width: size.width, height: size.height };
  };
  const boxOfGroup = (i: number): Box => {
    const [left = 0, low = 0, right = 0, high = 0] = numbers(objects.get(`cluster_${i}`)?.bb ?? '');
    return { x: left, y: height - high, width: right - left, height: high - low };
  };
  const drawnEdges = new Map(drawn.edges?.map((edge) => [edge.id, edge]));
  const curveOf = (i: number): Curve =>
    (drawnEdges.get(String(i))?.pos ?? '').split(' ').map((point) => {
      const [x = 0, y = 0] = numbers(point);
      return [x, height - y] as const;
    });
  return {
    width,
    height,
    nodes: new Map(nodes.map((node) => [node.id, boxOfNode(node)])),
    groups: groups.map((_, i) => boxOfGroup(i)),
    edges: edges.map((_, i) => curveOf(i)),
  };
}
