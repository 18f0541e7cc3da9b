/**
 * The table of cases. For each primitive, it has all kinds of input for which an interpreter has been found to be
 * wrong.
 */

import { type Primitive, primitives } from '../primitives.ts';
import type { Case } from './case.ts';
import { convolutionTable } from './cases/convolutions.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { fusedCases } from './cases/fused.ts';
import { movementCases } from './cases/movement.ts';
import { normalizationCases } from './cases/normalization.ts';
import { productCases } from './cases/products.ts';
import { reductionCases } from './cases/reductions.ts';

const table: { readonly [P in Primitive]: readonly Case[] } = {
  ...elementwiseCases,
  ...reductionCases,
  ...movementCases,
  ...productCases,
  ...fusedCases,
  ...normalizationCases,
  ...convolutionTable,
};

/** The cases of one primitive. */
export const casesOf = (primitive: Primitive): readonly Case[] => table[primitive];

/** All cases, in the order of the primitives. */
export const cases: readonly Case[] = primitives.flatMap(casesOf);
