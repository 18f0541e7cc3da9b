import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { dot } from '@observablehq/plot';
import { chart } from '@tapegrad/example-toolkit/chart';
import { figure } from '@tapegrad/example-toolkit/figure';
import { encodePng } from '@tapegrad/example-toolkit/gray-image';
import { savePicture } from '@tapegrad/example-toolkit/picture-file';
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

test('encodePng writes rows of grey', () => {
  const png = encodePng({ width: 3, height: 2, pixels: new Uint8Array([0, 1, 2, 3, 4, 255]) });
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  const start = png.indexOf('IDAT') + 4;
  const rows = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  expect([...rows]).toEqual([0, 0, 1, 2, 0, 3, 4, 255]);
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
