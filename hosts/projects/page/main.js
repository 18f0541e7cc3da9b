/** Trains in a page, or with `?worker` in a worker of it. */

import { main } from './program.mjs';
import { saveAndRead } from './storage.mjs';

globalThis.outcome = location.search === '?worker' ? inWorker() : main(saveAndRead);

function inWorker() {
  const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}
