/** Finds the line of the program in the stack traces of all engines, however the packages are installed. */

import { expect, test } from 'vitest';
import { callSiteOf, noteStack } from '../../src/autograd/call-sites.ts';

const v8 = (...frames: string[]): string => ['Error', ...frames.map((frame) => `    at ${frame}`)].join('\n');

const stacks: readonly [name: string, stack: string, site: string | undefined][] = [
  [
    'sources beside each other',
    v8(
      'noteStack (file:///home/me/packages/core/src/autograd/call-sites.ts:20:12)',
      'Tensor.log (file:///home/me/packages/core/src/tensor.ts:1:2)',
      'Sequential.forward (file:///home/me/packages/nn/src/sequential.ts:3:4)',
      'file:///home/me/packages/core/test/autograd/anomaly.test.ts:5:6',
    ),
    'file:///home/me/packages/core/test/autograd/anomaly.test.ts:5:6',
  ],
  [
    'a bundle of each package in node_modules',
    v8(
      'noteStack (file:///app/node_modules/@tapegrad/core/dist/bundle/index.js:20:12)',
      'Dense.forward (file:///app/node_modules/@tapegrad/nn/dist/bundle/index.js:1:2)',
      'train (file:///app/dist/train.js:5:6)',
      'file:///app/dist/main.js:7:8',
    ),
    'file:///app/dist/train.js:5:6',
  ],
  [
    'packages that are linked, each in a folder of its own',
    v8(
      'noteStack (file:///app/node_modules/.pnpm/@tapegrad+core@1/node_modules/@tapegrad/core/dist/call-sites.js:20:12)',
      'Dense.forward (file:///app/node_modules/.pnpm/@tapegrad+nn@1/node_modules/@tapegrad/nn/dist/dense.js:1:2)',
      'async main (/app/a folder/train.cjs:5:6)',
    ),
    '/app/a folder/train.cjs:5:6',
  ],
  [
    'another package of the same workspace',
    v8(
      'noteStack (file:///home/me/packages/core/dist/call-sites.js:20:12)',
      'run (file:///home/me/packages/app/src/train.js:5:6)',
    ),
    'file:///home/me/packages/app/src/train.js:5:6',
  ],
  [
    'frames as other engines print them',
    [
      'noteStack@http://localhost/node_modules/@tapegrad/core/dist/call-sites.js:20:12',
      'get log@http://localhost/node_modules/@tapegrad/core/dist/tensor.js:1:2',
      '@http://localhost/train.js:5:6',
      '',
    ].join('\n'),
    'http://localhost/train.js:5:6',
  ],
  ['one file for everything', v8('a (file:///app/site.js:1:100)', 'b (file:///app/site.js:1:200)'), undefined],
  ['nothing but the packages', v8('noteStack (file:///x/@tapegrad/core/dist/call-sites.js:20:12)'), undefined],
  ['no stack', '', undefined],
];

test.each(stacks)('%s', (_, stack, site) => {
  expect(callSiteOf({ stack })).toBe(site);
});

test('a stack is noted to any depth that programs have, and the engine left as it was', () => {
  const before = Error.stackTraceLimit;
  const deep = (depth: number): Error => (depth === 0 ? noteStack() : deep(depth - 1));
  expect(deep(50).stack?.split('\n').length).toBeGreaterThan(50);
  expect(Error.stackTraceLimit).toBe(before);
  expect(callSiteOf(noteStack())).toMatch(/call-sites\.test\.ts:\d+:\d+$/);
});
