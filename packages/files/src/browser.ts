export { opfsSource, writeOpfs } from './atomic/opfs.ts';
