import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dot } from '@observablehq/plot';
import { chart, figure, savePicture } from '@tapegrad/train/plot';
import { expect, test } from 'vitest';

const panel = chart('a chart', { width: 200, height: 100, marks: [dot([[1, 2]])] });

test('figure draws what it is given, and takes no text for markup', () => {
  const svg = figure({
    title: 'a < b & "c"',
    subtitle: 'short',
    legend: [{ label: 'points', color: '#123456' }],
    panels: [panel, panel],
  });
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).toContain('#123456');
  expect(svg).not.toContain('<style');
  expect(svg).not.toContain('NaN');
});

test('savePicture writes SVG and, at twice the size, PNG', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'picture-'));
  const svg = figure({ title: 'title', subtitle: '', panels: [panel] });
  const [svgFile, pngFile] = await savePicture(join(folder, 'new', 'picture'), svg);
  expect(readFileSync(svgFile, 'utf8')).toBe(svg);
  const png = readFileSync(pngFile);
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  expect(svg).toContain(`width="${width / 2}" height="${height / 2}"`);
  rmSync(folder, { recursive: true });
});
