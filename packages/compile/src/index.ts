export type { Program } from './program/program.ts';
