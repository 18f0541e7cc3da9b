/** The tape's internals, for packages that read it, rerun it or compute with its rules. */

export { backwardAlong } from './autograd/backward.ts';
export { callSiteOf, noteStack } from './autograd/call-sites.ts';
export { runCustom } from './autograd/define.ts';
export { withInterpreter } from './engine.ts';
export { isShared, noteChange, noteLent } from './tape/changes.ts';
export {
  type AnyRecorded,
  type CustomAttributes,
  type Definition,
  Entry,
  type Op,
  type Recorded,
} from './tape/entry.ts';
export { type Interceptor, intercept, isIntercepted, type OperationCall } from './tape/interception.ts';
export { applyVjp } from './tape/pullback.ts';
export { entriesOf, tapeOf } from './tape/reachable.ts';
export { expanded } from './tape/recomputation.ts';
export { isRecording, withRecording } from './tape/recording.ts';
export { rules } from './tape/rules/all-rules.ts';
export { unbroadcast } from './tape/rules/unbroadcast.ts';
export { checkUnchanged, sweep } from './tape/sweep.ts';
export { onArrays } from './tensor/kernels.ts';
export { isScoped } from './tensor/memory-scope.ts';
export { type TracedVariable, type Tracing, type TracingKernels, tracing } from './tracing.ts';
export { type Linearization, linearize } from './transforms/linearize.ts';
export { mapTensors } from './transforms/trees.ts';
export { type VariableAccess, variableAccess } from './variable.ts';
