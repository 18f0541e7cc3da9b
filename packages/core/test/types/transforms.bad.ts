import { grad, hessian, jvp, type Tensor, vjp, vmap, zeros } from '@tapegrad/core';

declare const square: (x: Tensor<readonly [3]>) => Tensor<readonly [3]>;
declare const energy: (x: Tensor<readonly [3]>) => Tensor<readonly []>;

grad(square);
// error: ShapeError<"grad: expected a function with a scalar result, got shape [3]">

hessian(square);
// error: ShapeError<"hessian: expected a function with a scalar result, got shape [3]">

grad(energy)(zeros([4]));
// error: Type '4' is not assignable to type '3'

grad(energy)(zeros([3])).add(zeros([4]));
// error: ShapeError<"add: cannot broadcast [3] with [4]: 3 and 4 differ">

vjp(square, zeros([3]))[1](zeros([4]));
// error: Type '4' is not assignable to type '3'

jvp(square, [zeros([3])], [zeros([4])]);
// error: Type '4' is not assignable to type '3'

vmap(energy)(zeros([3]));
// error: Source has 1 element(s) but target requires 2

vmap(energy)(zeros([5, 4]));
// error: Type '4' is not assignable to type '3'

vmap(energy, { inAxes: 1 })(zeros([5, 3]));
// error: Type '5' is not assignable to type '3'
