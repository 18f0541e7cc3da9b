import { main } from './program.mjs';
import { saveAndRead } from './storage.mjs';

globalThis.outcome = main(saveAndRead);
