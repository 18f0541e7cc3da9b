/** Writes a step as a formula: in matrices if possible, otherwise for one element. */

import { type Expression, made, walk } from '../syntax/ast.ts';
import { compositeOf, customNameOf, oneHotOf, pullbackOf } from './recording/composites.ts';
import type { DerivationStep } from './steps.ts';
import { type Index, indexOf } from './terms/terms.ts';
import { call, upright } from './writing/build.ts';
import { elementForm, positionsOf } from './writing/element-form.ts';
import { Faces, type LengthLetters } from './writing/faces.ts';
import { MatrixForm, NoMatrixForm } from './writing/matrix-form.ts';

/** The two sides of a formula. */
export interface Written {
  readonly left: Expression;
  /** For a link, the derivative dL/dx that the letter on the left side denotes. */
  readonly meaning: Expression | undefined;
  readonly right: Expression;
}

/** The two sides of a formula, without example or element indices. */
type Sides = Omit<Written, 'meaning'>;

/** Returns the formula of a named composition, if writing out its sums would be less clear. */
function composed(step: DerivationStep, faces: Faces): Sides | undefined {
  const { node, face } = step.quantity;
  const composite = compositeOf(node);
  const operands = step.operands.map((quantity) => faces.quantity(quantity));
  if (composite?.name === 'softmax' || composite?.name === 'logSoftmax' || composite?.name === 'logSumExp')
    return { left: face, right: call(upright(composite.name.toLowerCase()), operands) };
  if (oneHotOf(node) !== undefined) return { left: face, right: call(upright('onehot'), operands) };
  return undefined;
}

/** Returns a concatenation of arrays, side by side or stacked. */
function blocks(step: DerivationStep, faces: Faces): Sides | undefined {
  const { node, face } = step.quantity;
  // A sum of cotangents of adjacent slices is a concatenation, too.
  const isConcat = node.op === 'concat' || node.op === 'add' || node.op === 'scatterSlice';
  if (!isConcat || node.shape.length !== 2) return undefined;
  const cells = step.operands.map((quantity) => faces.quantity(quantity));
  const rows = node.attributes !== 0 ? [cells] : cells.map((cell) => [cell]);
  return { left: face, right: { ...made, kind: 'matrix', rows } };
}

/** Returns a formula that uses only the name of the operation. */
function byName(step: DerivationStep, faces: Faces): Sides {
  const { node, face } = step.quantity;
  const operands = step.operands.map((quantity) => faces.quantity(quantity));
  const pullback = pullbackOf(node);
  if (pullback !== undefined) {
    // The operands are the cotangent and the inputs.
    const [g, , ...inputs] = operands as [Expression, Expression, ...Expression[]];
    return { left: face, right: call(upright(`${pullback.pullback}Vjp`), [g, ...inputs]) };
  }
  return { left: face, right: call(upright(customNameOf(node) ?? compositeOf(node)?.name ?? node.op), operands) };
}

function hasOnes(e: Expression): boolean {
  let found = false;
  walk(e, (part) => {
    found ||= part.kind === 'letter' && part.alphabet === 'bold';
  });
  return found;
}

/**
 * Returns a step's formula. `meaning` is the derivative that a link's letter denotes; it is returned with the indices
 * that the left side has.
 */
export function written(step: DerivationStep, lengths: LengthLetters, meaning?: Expression): Written {
  const { quantity, term, at } = step;
  const faces = new Faces(lengths);
  const meant = meaning && { ...quantity, face: meaning };
  if (term === undefined) return { ...(composed(step, faces) ?? blocks(step, faces) ?? byName(step, faces)), meaning };
  try {
    const open = at.filter((subscript) => subscript.length > 0);
    const indices = open.map((subscript): Index => {
      const index = subscript.length === 1 ? indexOf(subscript[0]!) : undefined;
      if (index === undefined) throw new NoMatrixForm();
      return index;
    });
    const lead = indices.slice(0, Math.max(0, indices.length - 2));
    const [rows, columns] = indices.slice(lead.length);
    const form = new MatrixForm(faces, new Set(lead));
    const right = form.write(term, { rows, columns });
    // A single number is written as a sum over elements, not as a product with vectors of ones.
    if (indices.length === 0 && hasOnes(right)) throw new NoMatrixForm();
    return { left: faces.quantity(quantity, lead), meaning: meant && faces.quantity(meant, lead), right };
  } catch (error) {
    if (!(error instanceof NoMatrixForm)) throw error;
    const own = new Faces(lengths);
    const positions = positionsOf(own, at);
    return {
      left: own.element(quantity, positions),
      meaning: meant && own.element(meant, positions),
      right: elementForm(own, term),
    };
  }
}
