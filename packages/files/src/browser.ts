export { loadOpfs, opfsSource, restoreOpfs, saveOpfs, writeOpfs } from './atomic/opfs.ts';
