/** The colours of pictures and pages in light and dark mode, and colour scales for numbers. */

/** Number of colour steps on each side of the midpoint of the diverging scale. */
export const STEPS = 6;

/** The colours of a theme that have a name. */
export interface NamedColors {
  /** The background of the page, and of panels on it. */
  readonly paper: string;
  readonly card: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly good: string;
  readonly bad: string;
}

interface Theme extends NamedColors {
  /** The diverging scale, from one end through the midpoint to the other. It is safe for colour-blind readers. */
  readonly scale: readonly string[];
}

const light: Theme = {
  paper: '#ffffff',
  card: '#f6f7f9',
  ink: '#111827',
  quiet: '#5b6472',
  line: '#d9dde3',
  accent: '#2563eb',
  good: '#15803d',
  bad: '#b91c1c',
  scale: [
    ...['#173e9c', '#2458cf', '#4a80ec', '#7fa9f6', '#b2ccfb', '#d9e6fd'],
    '#edeff2',
    ...['#fde2d1', '#fbc4a1', '#f69b64', '#ea7130', '#c9510f', '#953905'],
  ],
};

const dark: Theme = {
  paper: '#0d1219',
  card: '#161d27',
  ink: '#e6eaf0',
  quiet: '#98a3b3',
  line: '#2c3644',
  accent: '#7aa7ff',
  good: '#5fd08a',
  bad: '#ff8a80',
  scale: [
    ...['#a9caff', '#7aabfb', '#4f8bef', '#356dcb', '#29529a', '#213c6c'],
    '#222b37',
    ...['#52331f', '#7a451d', '#aa5b1c', '#d9772b', '#f59a56', '#ffc497'],
  ],
};

export const FONT = "Inter, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
export const MONOSPACE = "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', monospace";

/**
 * The named colours as CSS variables. Their values are those of light or dark mode, depending on the reader's
 * preference.
 */
export const theme: NamedColors = {
  paper: 'var(--paper)',
  card: 'var(--card)',
  ink: 'var(--ink)',
  quiet: 'var(--quiet)',
  line: 'var(--line)',
  accent: 'var(--accent)',
  good: 'var(--good)',
  bad: 'var(--bad)',
};

function variables({ scale, ...named }: Theme): string {
  const colors = Object.entries(named).map(([name, color]) => `--${name}:${color}`);
  const steps = scale.map((color, i) => `--step-${i}:${color}`);
  return [...colors, ...steps].join(';');
}

/**
 * Returns the style sheet that defines the colours as CSS variables: those of light mode, or of dark mode if the reader
 * prefers it.
 */
export const themed = (selector: string): string =>
  `${selector}{color-scheme:light dark;${variables(light)}}` +
  `@media (prefers-color-scheme:dark){${selector}{${variables(dark)}}}`;

/** Returns the step of the diverging scale at a position. The position is clamped to [-1, 1]. */
const stepAt = (place: number): number =>
  Number.isNaN(place) ? 0 : Math.round(STEPS * Math.min(1, Math.max(-1, place)));

const stepColor = (step: number): string => `var(--step-${step + STEPS})`;

/** Returns the colour for filling an area, at a position from -1 to 1 on the diverging scale. */
export const diverging = (place: number): string => stepColor(stepAt(place));

/**
 * Returns the colour for a line, at a position from -1 to 1 on the diverging scale. Lines are thin, so their colours
 * come from the stronger half of each side.
 */
export function divergingStroke(place: number): string {
  const step = stepAt(place);
  return step === 0 ? theme.quiet : stepColor(Math.sign(step) * Math.ceil((Math.abs(step) + STEPS) / 2));
}

/** Number of powers of 10 from the midpoint of the scale of norms to its ends. */
export const DECADES = 3;

/**
 * Returns the position of a norm on the diverging scale. The position is negative if the norm is smaller than a
 * reference.
 */
const placeOf = (norm: number, reference: number): number =>
  norm === reference ? 0 : Math.log10(norm / reference) / DECADES;

/**
 * Returns the colour that shows a norm relative to a reference: blue if it is smaller (vanishing), orange if larger
 * (exploding).
 */
export const normColor = (norm: number, reference: number): string => diverging(placeOf(norm, reference));

/** Returns the line colour that shows a norm relative to a reference; see `normColor`. */
export const normStroke = (norm: number, reference: number): string => divergingStroke(placeOf(norm, reference));
