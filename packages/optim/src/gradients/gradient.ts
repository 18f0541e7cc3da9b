import { describeValue, formatShape, sameShape } from '@tapegrad/core/extend';
import { ArgumentError, DTypeError, Gradients, type Parameter, ShapeError, type Tensor } from '@tapegrad/core/lean';

/** Throws unless a value is the result of a backward pass. `wanted` is the code that the error message suggests. */
export function checkGradients(call: string, gradients: Gradients, wanted: string): void {
  if (gradients instanceof Gradients) return;
  throw new ArgumentError(`${call}: expected gradients, got ${describeValue(gradients)}; write ${wanted}`);
}

/**
 * Returns the gradient of a parameter, or `undefined` if there is none. Throws unless the gradient has the shape and
 * dtype of the parameter.
 */
export function gradientFor(call: string, parameter: Parameter, gradients: Gradients): Tensor | undefined {
  if (!gradients.has(parameter)) return undefined;
  const gradient = gradients.of(parameter);
  if (!sameShape(gradient.shape, parameter.shape)) {
    const [wanted, got] = [formatShape(parameter.shape), formatShape(gradient.shape)];
    throw new ShapeError(`${call}: '${parameter.name}' has shape ${wanted}, its gradient ${got}`);
  }
  if (gradient.dtype !== parameter.dtype) {
    throw new DTypeError(`${call}: '${parameter.name}' is ${parameter.dtype}, its gradient ${gradient.dtype}`);
  }
  return gradient;
}
