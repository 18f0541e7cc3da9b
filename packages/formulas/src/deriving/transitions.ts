/**
 * Writes the transitions (activations) of a program and their slopes: functions of one number, differentiated by the
 * rule table.
 */

import { unary } from '@tapegrad/kernels';
import type { Node } from '../running/graph.ts';
import { type CallNode, type Expression, letterOf, made } from '../syntax/ast.ts';
import { type RecordedProgram, sameTransition, type TransitionDefinition } from './recording/record.ts';
import { slopeOf } from './recording/values.ts';
import { letterFrom, type Quantity } from './terms/quantities.ts';
import { Translator } from './terms/translate.ts';
import { call } from './writing/build.ts';
import { elementForm } from './writing/element-form.ts';
import { Faces, type LengthLetters } from './writing/faces.ts';

/** The definition of a transition: s_l(a) = tanh(a). */
export interface TransitionLine {
  /** The letter of one layer's transition, in plain text: `s_1`. */
  readonly letter: string;
  /** The name of the function, if it has one. */
  readonly name: string | undefined;
  readonly left: CallNode;
  readonly right: Expression;
}

const argumentLetter = letterOf(made, 'a');

/** Returns a node that is computed elementwise from another, as a function of the letter a. */
function functionOf(program: RecordedProgram, argument: Node, node: Node, lengths: LengthLetters): Expression {
  const quantity: Quantity = {
    node: argument,
    face: argumentLetter,
    layer: undefined,
    sumsToOne: undefined,
    kind: 'argument',
  };
  const never = (): never => {
    throw new TypeError('the body of an elementwise function depends on more than its argument');
  };
  const translator = new Translator(
    {
      quantityOf: (other) => (other === argument ? quantity : undefined),
      demand: never,
      isConstant: program.isConstant,
      oneHot: never,
      softmax: never,
      deviation: never,
    },
    program.axes,
  );
  const at = translator.indicesFor(node);
  const term = node === argument ? translator.at(node, at) : translator.definition(node, at);
  return elementForm(new Faces(lengths), term);
}

const linesOf = (program: RecordedProgram, fn: string, definition: TransitionDefinition, lengths: LengthLetters) => {
  const { argument, body } = definition;
  const letter = letterFrom(fn);
  const at = (order: number): TransitionLine => ({
    letter: fn,
    name: body.inputs[0] === argument && body.inputs.length === 1 && body.op in unary ? body.op : undefined,
    left: call({ ...letter, primes: order }, [argumentLetter]),
    right: functionOf(program, definition.argument, slopeOf(program.graph, definition, order), lengths),
  });
  return [at(0), at(1)];
};

/** Returns the definition of each transition, or a single one if all are the same. */
export function transitionLines(program: RecordedProgram, lengths: LengthLetters): TransitionLine[] {
  const all = [...program.transitions];
  const [first] = all;
  if (first === undefined) return [];
  const isSame = all.length > 1 && all.every(([, definition]) => sameTransition(definition, first[1]));
  if (isSame) return linesOf(program, 's_l', first[1], lengths);
  return all.flatMap(([name, definition]) => linesOf(program, name, definition, lengths));
}

/** Returns the definition of each layer's transition. */
export const transitionsOfLayers = (program: RecordedProgram, lengths: LengthLetters): TransitionLine[] =>
  [...program.transitions].flatMap(([name, definition]) => linesOf(program, name, definition, lengths));
