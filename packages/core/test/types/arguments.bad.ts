import { full, parameter, Random, tensor, zeros } from '@tapegrad/core';

zeros([2, 3]).add('1');
// error: Argument of type '"1"' is not assignable to parameter of type 'number | ("1" & Tensor<readonly []>)'

tensor(['1']);
// error: Type 'string' is not assignable to type 'Nested<number | boolean | TypedArray>'

zeros([2], { dtype: 'float16' });
// error: Type '"float16"' is not assignable to type 'DType | undefined'

zeros([2], { requiresGrad: 'yes' });
// error: Type 'string' is not assignable to type 'boolean | undefined'

full([2], '0');
// error: Argument of type 'string' is not assignable to parameter of type 'number'

parameter(zeros([2, 3])).assign(zeros([3, 2]));
// error: Type '3' is not assignable to type '2'

new Random(1).normal([2], { dtype: 'int32' });
// error: Type '"int32"' is not assignable to type 'FloatDType | undefined'

zeros([2, 3]).shape[0] = 4;
// error: Cannot assign to '0' because it is a read-only property

zeros([2, 3]).shape[2];
// error: Tuple type 'readonly [2, 3]' of length '2' has no element at index '2'

zeros([2]).backward({ wanted: zeros([2]) });
// error: Type 'Tensor<readonly [2]>' is missing the following properties from type 'readonly Tensor<Shape>[]'
