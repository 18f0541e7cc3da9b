export { type CompilableFunction, type Compiled, type CompiledInfo, compile } from './compile.ts';
export { print } from './program/print.ts';
export type {
  Change,
  Check,
  Constant,
  Input,
  NumberInput,
  Operation,
  Program,
  Range,
  Slot,
  Step,
  Store,
  Value,
} from './program/program.ts';
export { TraceError } from './trace/errors.ts';
