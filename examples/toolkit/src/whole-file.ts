/** Writes files whole or not at all, and tries beforehand whether they can be written. */

export { tryFolder, writeFileAtomic } from '@tapegrad/files/node';
