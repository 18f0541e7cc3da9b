/** Draws figures as SVG: panels under a title, on a white background. */

/** A drawing of known size without a frame. */
export interface Panel {
  /** An `<svg>` element. */
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  readonly title?: string;
}

/** The options of `figure`. */
export interface FigureOptions {
  readonly title: string;
  /** A description of the picture, in a sentence. */
  readonly subtitle: string;
  /** The meanings of the colors. */
  readonly legend?: readonly { readonly label: string; readonly color: string }[];
  /** The panels, from left to right. */
  readonly panels: readonly Panel[];
}

/** The colors of pictures, on white, which color-blind readers can distinguish. */
export const COLORS = {
  blue: '#2563eb',
  orange: '#ea580c',
  text: '#111827',
  quiet: '#6b7280',
  grid: '#e5e7eb',
  paper: '#ffffff',
} as const;

/** The fonts of pictures, in order of preference. */
export const FONT = "Inter, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";

const MARGIN = 28;
const GAP = 32;
const PANEL_TITLE_HEIGHT = 26;
/** The average width of a letter. */
const SUBTITLE_LETTER = 6.7;

/**
 * Draws panels side by side under a title, as an SVG.
 *
 * @example
 * import { figure } from '@tapegrad/train/plot';
 *
 * const panel = { svg: '<svg><circle cx="20" cy="20" r="9"/></svg>', width: 40, height: 40 };
 * figure({ title: 'A dot', subtitle: 'and nothing else', panels: [panel] }).startsWith('<svg'); // true
 */
export function figure({ title, subtitle, legend = [], panels }: FigureOptions): string {
  const head = MARGIN + 52 + (legend.length > 0 ? 26 : 0);
  const titled = panels.some((panel) => panel.title !== undefined) ? PANEL_TITLE_HEIGHT : 0;
  const inner = panels.reduce((sum, { width }) => sum + width, 0) + GAP * (panels.length - 1);
  const width = Math.ceil(Math.max(inner, SUBTITLE_LETTER * subtitle.length)) + 2 * MARGIN;
  const height = head + titled + Math.max(0, ...panels.map((panel) => panel.height)) + MARGIN;

  const body = [
    text(title, { x: MARGIN, y: MARGIN + 10, size: 20, weight: 600 }),
    text(subtitle, { x: MARGIN, y: MARGIN + 34, size: 13, color: COLORS.quiet }),
    ...legendItems(legend, MARGIN + 60),
  ];
  let x = MARGIN;
  for (const panel of panels) {
    if (panel.title !== undefined) body.push(text(panel.title, { x, y: head + 16, size: 13, weight: 600 }));
    body.push(`<g transform="translate(${x} ${head + titled})">${panel.svg}</g>`);
    x += panel.width + GAP;
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` font-family="${FONT}" color="${COLORS.text}" role="img" aria-label="${escaped(title)}">\n` +
    `<rect width="100%" height="100%" fill="${COLORS.paper}"/>\n${body.join('\n')}\n</svg>\n`
  );
}

function legendItems(legend: NonNullable<FigureOptions['legend']>, y: number): string[] {
  let x = MARGIN;
  return legend.map(({ label, color }) => {
    const item =
      `<rect x="${x}" y="${y - 10}" width="12" height="12" rx="3" fill="${color}"/>` +
      text(label, { x: x + 18, y, size: 13 });
    x += 40 + 6.5 * label.length;
    return item;
  });
}

/** The look and the position of a line of text. */
export interface TextStyle {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly weight?: number;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** Returns the SVG element of a line of text; `y` is the baseline. */
export function text(content: string, { x, y, size, weight = 400, color = COLORS.text, anchor }: TextStyle): string {
  const placed = anchor === undefined ? '' : ` text-anchor="${anchor}"`;
  const style = `font-size="${size}" font-weight="${weight}" fill="${color}"`;
  return `<text x="${x}" y="${y}" ${style}${placed}>${escaped(content)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (content: string): string => content.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
