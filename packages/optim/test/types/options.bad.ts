import { parameter, zeros } from '@tapegrad/core';
import { Adam, accumulate, cosine, GradientChain, LBFGS, Lion, momentum, RMSprop, SGD } from '@tapegrad/optim';

const w = parameter(zeros([2]));

new SGD([w], { momentum: 0.9 });
// error: Property 'learningRate' is missing
new SGD([w], { learningRate: 0.1, momentun: 0.9 });
// error: 'momentun' does not exist in type 'SGDOptions'
new SGD([w], { learningRate: 0.1, decay: 'l1' });
// error: Type '"l1"' is not assignable to type '"decoupled" | "l2"'
new SGD([{ parameters: [w], momentun: 0.9 }], { learningRate: 0.1 });
// error: 'momentun'
new SGD([zeros([2])], { learningRate: 0.1 });
// error: is not assignable to type 'Parameter<Shape> | GroupOptions<SGDOptions>'
new Adam([w], { learningRate: 0.1, beta3: 0.9 });
// error: 'beta3' does not exist in type 'AdamOptions'
new Adam([w], { learningRate: 0.1, amsgrad: 1 });
// error: Type 'number' is not assignable to type 'boolean'
new RMSprop([{ parameters: [w], amsgrad: true }], { learningRate: 0.1 });
// error: 'amsgrad'
new Lion([w], { beta1: 0.9 });
// error: Property 'learningRate' is missing
new LBFGS([w], { momentum: 0.9 });
// error: 'momentum' does not exist in type 'LBFGSOptions'
cosine(0.1, {});
// error: Property 'steps' is missing
const held = new GradientChain([w], [accumulate(4), momentum(0.9)]).apply(w.sum().backward());
new SGD([w], { learningRate: 0.1 }).step(held);
// error: Argument of type 'Gradients | undefined' is not assignable to parameter of type 'Gradients'
