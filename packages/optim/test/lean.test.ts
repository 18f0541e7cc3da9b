/** The lean entry point: an optimizer's state as functions, without methods. */

import { parameter, tensor } from '@tapegrad/core/lean';
import { Adam, loadOptimizer, Optimizer, optimizerState } from '@tapegrad/optim/lean';
import { expect, test } from 'vitest';

function trained(steps: number) {
  const w = parameter(tensor([1, -2]));
  const optimizer = new Adam([w], { learningRate: 0.1 });
  for (let i = 0; i < steps; i++) optimizer.step(w.mul(w).sum().backward());
  return { w, optimizer };
}

test('optimizers have no methods for it', () => {
  for (const name of ['state', 'load']) expect(name in Optimizer.prototype).toBe(false);
});

test('a run resumes from a state, bit for bit', () => {
  const [whole, first, second] = [trained(5), trained(3), trained(0)];
  second.w.assign(first.w);
  loadOptimizer(second.optimizer, optimizerState(first.optimizer));
  for (let i = 0; i < 2; i++) second.optimizer.step(second.w.mul(second.w).sum().backward());
  expect(second.w.toArray()).toEqual(whole.w.toArray());
  expect(optimizerState(second.optimizer)).toEqual(optimizerState(whole.optimizer));
  expect(() => loadOptimizer(second.optimizer, { groups: [], parameters: [] })).toThrow('Adam.load: ');
});

test('the main entry point adds them as methods to the same class', async () => {
  const main = await import('@tapegrad/optim');
  const { optimizer } = trained(1);
  expect(main.Optimizer).toBe(Optimizer);
  expect(optimizer.state()).toEqual(optimizerState(optimizer));
  expect(Object.keys(Optimizer.prototype)).toEqual([]);
});
