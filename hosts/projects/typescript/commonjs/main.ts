/** This import is compiled to a call of `require`. */

import { tensor } from '@tapegrad/core';

export const sum: number = tensor([1, 2]).sum().item();
if (sum !== 3) throw new Error(`1 + 2 is ${sum}`);
