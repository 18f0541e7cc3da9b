/** Writes files atomically, and checks in advance that they can be written. */

export { tryFolder, writeFileAtomic } from '@tapegrad/files/node';
