/** Parameters and modules chosen by their paths. */

import { ArgumentError, type Parameter } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import type { Module } from '@tapegrad/nn';

/**
 * Chooses parts of a model by path: a pattern, a list of patterns, a regular expression, or a predicate. In a pattern,
 * `*` matches any characters within a name, `**` any number of names, and `{a,b}` either a or b: `encoder.**`,
 * `**.bias`, `layers.*.{query,value}`.
 */
export type Selector<Part = Parameter> =
  | string
  | RegExp
  | readonly (string | RegExp)[]
  | ((path: string, part: Part) => boolean);

const escaped = (text: string): string => text.replaceAll(/[\\^$.|?+()[\]]/g, '\\$&');

/** Expands a pattern with braces to all patterns without braces that it stands for. */
function alternatives(pattern: string): string[] {
  const [, before, choices, after] = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern) ?? [];
  if (choices === undefined) return [pattern];
  return choices.split(',').flatMap((choice) => alternatives(`${before}${choice}${after}`));
}

/** Returns the regular expression of a pattern without braces. */
function expressionOf(pattern: string): RegExp {
  const names = pattern.split('.');
  const isOpen = names.at(-1) === '**';
  const parts = (isOpen ? names.slice(0, -1) : names).map((name, i, all) => {
    const dot = i === all.length - 1 ? '' : '\\.';
    return name === '**' ? '(?:[^.]+\\.)*' : escaped(name).replaceAll('*', '[^.]*') + dot;
  });
  return new RegExp(`^${parts.join('')}${isOpen ? (parts.length === 0 ? '.*' : '(?:\\.[^.]+)*') : ''}$`);
}

/** Returns a test for paths. */
function testOf(call: string, pattern: string): (path: string) => boolean {
  const all = alternatives(pattern);
  if (pattern === '' || all.some((one) => /[{}]/.test(one))) {
    throw new ArgumentError(
      `${call}: '${pattern}' is not a pattern, expected one such as 'encoder.**' or '*.{query,value}'`,
    );
  }
  const expressions = all.map(expressionOf);
  return (path) => expressions.some((expression) => expression.test(path));
}

/** Returns a predicate on paths and parts. */
export function predicateOf<Part>(call: string, selector: Selector<Part>): (path: string, part: Part) => boolean {
  if (typeof selector === 'function') return selector;
  const list = Array.isArray(selector) ? selector : [selector];
  const tests = list.map((one: unknown): ((path: string) => boolean) => {
    if (typeof one === 'string') return testOf(call, one);
    // `test` would continue after the last match of an expression with the flag g; `search` always begins at the start.
    if (one instanceof RegExp) return (path) => path.search(one) >= 0;
    throw new ArgumentError(
      `${call}: expected a pattern, a regular expression or a function, got ${describeValue(one)}`,
    );
  });
  return (path) => tests.some((test) => test(path));
}

function splitParameters(call: string, model: Module, selector: Selector): readonly [Parameter[], Parameter[]] {
  const isSelected = predicateOf(call, selector);
  const selected: Parameter[] = [];
  const others: Parameter[] = [];
  for (const [path, parameter] of model.namedParameters()) {
    (isSelected(path, parameter) ? selected : others).push(parameter);
  }
  if (selected.length > 0) return [selected, others];
  const known = [...model.namedParameters().keys()].join(', ');
  const shown = typeof selector === 'function' ? 'the function' : String(selector);
  throw new ArgumentError(`${call}: ${shown} selects no parameter of the model, which has ${known || 'none'}`);
}

/**
 * Returns the parameters of a model that a selector chooses, for a group of an optimizer.
 *
 * @throws ArgumentError if it chooses none.
 * @example
 * const model = new Sequential(new Dense(2, 3), new ReLU(), new Dense(3, 1));
 * selectParameters(model, '**.bias').map(({ shape }) => shape); // [[3], [1]]
 */
export const selectParameters = (model: Module, selector: Selector): Parameter[] =>
  splitParameters('selectParameters', model, selector)[0];

/**
 * Returns the parameters of a model that a selector does not choose: those to train while the others are frozen. An
 * optimizer changes only the parameters that it is given, and a `Trainer` keeps modules that have none of these
 * parameters in evaluation mode.
 *
 * @throws ArgumentError if it chooses none, or all.
 * @example
 * const model = new Sequential(new Dense(2, 3), new ReLU(), new Dense(3, 1));
 * const optimizer = new SGD(freeze(model, '0.**'), { learningRate: 0.1 });
 * optimizer.groups[0]?.parameters.map(({ name }) => name); // ['2.weight', '2.bias']
 */
export function freeze(model: Module, selector: Selector): Parameter[] {
  const [, others] = splitParameters('freeze', model, selector);
  if (others.length > 0) return others;
  throw new ArgumentError('freeze: the selector chooses every parameter, which leaves none to train');
}
