import {
  checkpoint,
  noGrad,
  type Parameter,
  parameter,
  Random,
  registerHook,
  slice,
  TapeError,
  type Tensor,
  tensor,
  vmap,
  withGradients,
} from '@tapegrad/core';
import { allocate } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';

const length = 5000;
const start = (): Tensor<[number]> => parameter(new Random(1).normal([length]));
const lossOf = (w: Tensor): Tensor => w.mul(w).tanh().sum();

test('gives what the function returns, of the gradients of backward', () => {
  const w = start();
  const expected = lossOf(w).backward().of(w).toArray();
  expect(withGradients(lossOf(w), (gradients) => gradients.of(w).toArray())).toEqual(expected);
});

test('the memory of the gradients is given out again, that of backward is not', () => {
  const w = start();
  const givenOut = () => Array.from({ length: 50 }, () => allocate('float32', length).buffer);
  const scoped = withGradients(lossOf(w), (gradients) => gradients.of(w).elements.buffer);
  expect(givenOut()).toContain(scoped);
  const kept = lossOf(w).backward().of(w).data.buffer;
  expect(givenOut()).not.toContain(kept);
});

test('to read a gradient later, or a view of one, is an error', () => {
  const w = start();
  const scoped = withGradients(lossOf(w), (gradients) => {
    const gradient = gradients.of(w);
    expect(gradient.data).not.toBe(gradient.data);
    return [gradient, gradient.reshape([100, 50]), gradient.detach()];
  });
  for (const gradient of scoped) expect(() => gradient.toArray()).toThrow('its memory was reclaimed');
});

test('what is computed from gradients is not touched', () => {
  const w = start();
  const kept = withGradients(lossOf(w), (gradients) => gradients.of(w).mul(2));
  const expected = [...kept.data];
  for (let i = 0; i < 5; i++) withGradients(lossOf(w), () => {});
  expect([...kept.data]).toEqual(expected);
});

test('a gradient that a hook was given is not touched', () => {
  const w = start();
  let seen: Tensor | undefined;
  const remove = registerHook(w, (cotangent) => {
    seen = cotangent;
    return undefined;
  });
  withGradients(lossOf(w), () => {});
  remove();
  const expected = [...seen!.data];
  for (let i = 0; i < 5; i++) withGradients(lossOf(w.mul(2)), () => {});
  expect([...seen!.data]).toEqual(expected);
});

test('one gradient that two tensors share is taken back once', () => {
  const [a, b] = [start(), start()];
  const seed = new Random(2).normal([length]);
  const y = a.add(b).tanh();
  const expected = y.backward({ seed, retainGraph: true }).of(a).toArray();
  for (let i = 0; i < 5; i++) {
    withGradients(y, (gradients) => expect(gradients.of(b).toArray()).toEqual(expected), { seed, retainGraph: true });
  }
  expect(seed.data).toEqual(new Random(2).normal([length]).data);
});

test('a seed that is itself a gradient is not touched', () => {
  const [a, b] = [start(), start()];
  const seed = new Random(2).normal([length]);
  const expected = [...seed.data];
  withGradients(a.add(b), (gradients) => expect([...gradients.of(a).data]).toEqual(expected), { seed });
  for (let i = 0; i < 5; i++) withGradients(lossOf(a), () => {});
  expect([...seed.data]).toEqual(expected);
});

test('where the function throws, so does the call, and the gradients stay', () => {
  const w = start();
  let kept: Tensor | undefined;
  const failing = () =>
    withGradients(lossOf(w), (gradients) => {
      kept = gradients.of(w);
      throw new Error('no more');
    });
  expect(failing).toThrow('no more');
  const expected = lossOf(w).backward().of(w).toArray();
  for (let i = 0; i < 5; i++) noGrad(() => lossOf(w));
  expect(kept!.toArray()).toEqual(expected);
});

test('what is no tensor, and what has no gradient, is refused', () => {
  expect(() => withGradients(3 as never, () => {})).toThrow('withGradients: expected a tensor, got 3');
  expect(() => withGradients(tensor(3), () => {})).toThrow(
    'backward: the tensor does not depend on a tensor that requires',
  );
});

describe('of a loss that is given as a function', () => {
  const takenBack = 'its memory was reclaimed when that returned';

  test('they are those of backward', () => {
    const w = start();
    const expected = lossOf(w).backward().of(w).toArray();
    expect(
      withGradients(
        () => lossOf(w),
        (gradients) => gradients.of(w).toArray(),
      ),
    ).toEqual(expected);
  });

  test('what the function makes can be read until the end, and then no more, nor can views of it', () => {
    const w = start();
    let hidden: Tensor | undefined;
    let gradient: Tensor | undefined;
    const evaluate = () => {
      hidden = w.mul(w).tanh();
      return hidden.sum();
    };
    const [view, sum] = withGradients(evaluate, (gradients) => {
      gradient = gradients.of(w);
      expect(hidden!.toArray()).toEqual(w.mul(w).tanh().toArray());
      return [hidden!.reshape([50, 100]).transpose(), hidden!.add(gradient)];
    });
    for (const lost of [hidden!, gradient!, view!]) {
      expect(() => lost.data).toThrow(TapeError);
      expect(() => lost.data).toThrow(takenBack);
      expect(() => lost.add(1)).toThrow(takenBack);
      expect(() => lost.toArray()).toThrow(takenBack);
    }
    expect(view!.shape).toEqual([100, 50]);
    const expected = [...sum!.data];
    for (let i = 0; i < 5; i++) withGradients(evaluate, () => {});
    expect([...sum!.data]).toEqual(expected);
  });

  test('data of a scoped tensor is a copy', () => {
    const w = start();
    let kept: readonly ArrayLike<number>[] = [];
    const evaluate = () => {
      const y = w.mul(w);
      kept = [y.data, y.reshape([50, 100]).data, y.index(slice(1)).data, w.reshape([50, 100]).transpose().data];
      return y.sum();
    };
    withGradients(evaluate, () => {});
    const copies = kept.map((list) => Array.from(list));
    for (let i = 0; i < 5; i++)
      withGradients(
        () => lossOf(w),
        () => {},
      );
    expect(kept.map((list) => Array.from(list))).toEqual(copies);
  });

  test('small tensors are scoped as well', () => {
    const [x, w] = [tensor([1, 2, 3]), parameter(tensor([4, 5, 6]))];
    let hidden: Tensor | undefined;
    const evaluate = () => {
      hidden = w.mul(x);
      return hidden.sum();
    };
    const gradient = withGradients(evaluate, (gradients) => gradients.of(w));
    for (const lost of [hidden!, gradient]) expect(() => lost.toArray()).toThrow(takenBack);
  });

  test('a number, what variables hold, and what was there before are not scoped', () => {
    const w = start();
    let loss: Tensor | undefined;
    let other: Tensor | undefined;
    let view: Tensor | undefined;
    const running: Parameter = parameter(w.detach());
    const evaluate = () => {
      const y = w.mul(w);
      other = parameter(y);
      view = w.reshape([50, 100]);
      running.assign(y);
      loss = y.sum();
      return loss;
    };
    withGradients(evaluate, () => {});
    const expected = w.mul(w);
    for (let i = 0; i < 5; i++)
      withGradients(
        () => lossOf(w),
        () => {},
      );
    expect(loss!.item()).toBe(expected.sum().item());
    expect(other!.data).toEqual(expected.data);
    expect(running.data).toEqual(expected.data);
    expect(view!.data).toEqual(w.data);
  });

  test('what an outer call lends can be read until that returns, also where an inner one made a view of it', () => {
    const w = start();
    let view: Tensor | undefined;
    withGradients(
      () => {
        const y = w.mul(w);
        const inner = () => {
          view = y.reshape([50, 100]);
          return view.sum();
        };
        withGradients(inner, () => {}, { retainGraph: true });
        expect(view!.toArray()).toEqual(y.reshape([50, 100]).toArray());
        return y.sum();
      },
      () => {},
    );
    expect(() => view!.toArray()).toThrow(takenBack);
  });

  test('one may be computed within another', () => {
    const w = start();
    const inner = () =>
      withGradients(
        () => lossOf(w),
        (gradients) => gradients.of(w).mul(1),
      );
    const expected = lossOf(w).backward().of(w).mul(w).sum();
    let direction: Tensor | undefined;
    const evaluate = () => {
      direction = inner();
      return direction.mul(w).sum();
    };
    withGradients(evaluate, (gradients) => {
      expect(gradients.of(w).data).toEqual(direction!.data);
      expect(inner().data).toEqual(direction!.data);
    });
    expect(expected.item()).toBeCloseTo(inner().mul(w).sum().item());
  });

  test('it may map over a batch', () => {
    const w = start();
    const mapped = () => vmap((x: Tensor) => x.mul(x).tanh().sum())(w.reshape([50, 100])).sum();
    const expected = mapped().backward().of(w).data;
    withGradients(mapped, (gradients) => expect(gradients.of(w).data).toEqual(expected));
  });

  test('what is run again in the sweep is the same', () => {
    const w = start();
    const deep = () => checkpoint((x: Tensor) => x.mul(w).tanh().mul(x))(w).sum();
    const expected = deep().backward().of(w).data;
    withGradients(deep, (gradients) => expect(gradients.of(w).data).toEqual(expected));
  });

  test('where something fails, all is taken back, and nothing is scoped from then on', () => {
    const w = start();
    let hidden: Tensor | undefined;
    const failing = () => {
      hidden = w.mul(w);
      throw new Error('no more');
    };
    expect(() => withGradients(failing, () => {})).toThrow('no more');
    expect(() => hidden!.data).toThrow(takenBack);
    const after = w.mul(w);
    const expected = [...after.data];
    for (let i = 0; i < 5; i++)
      withGradients(
        () => lossOf(w),
        () => {},
      );
    expect([...after.data]).toEqual(expected);
  });

  test('a function that gives no tensor is refused', () => {
    expect(() => withGradients((() => 3) as never, () => {})).toThrow('withGradients: expected a tensor, got 3');
    expect(() => withGradients((async () => tensor(1)) as never, () => {})).toThrow(
      'withGradients: expected a loss function that is synchronous',
    );
  });
});
