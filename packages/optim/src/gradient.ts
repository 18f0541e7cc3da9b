import {
  DTypeError,
  formatShape,
  type Gradients,
  type Parameter,
  ShapeError,
  sameShape,
  type Tensor,
} from '@tapegrad/core';

/** The gradient of a parameter, of its shape and dtype; `undefined` where there is none. */
export function gradientFor(call: string, parameter: Parameter, gradients: Gradients): Tensor | undefined {
  if (!gradients.has(parameter)) return undefined;
  const { name, shape, dtype } = parameter;
  const gradient = gradients.of(parameter);
  if (!sameShape(gradient.shape, shape)) {
    const got = formatShape(gradient.shape);
    throw new ShapeError(`${call}: '${name}' has shape ${formatShape(shape)}, its gradient ${got}`);
  }
  if (gradient.dtype !== dtype) {
    throw new DTypeError(`${call}: '${name}' is ${dtype}, its gradient ${gradient.dtype}`);
  }
  return gradient;
}
