/** tapegrad with vectors of 256 bits, which need Node 24 or later. */

import { engineInfo, setVectors } from '@tapegrad/core';
import type { Framework } from '../protocol.ts';
import { framework as narrow } from './framework.ts';

export const framework: Framework = {
  ...narrow,
  async start(threads) {
    setVectors(256);
    const described = await narrow.start(threads);
    return `${described}, ${engineInfo().vectorBits}-bit vectors`;
  },
};
