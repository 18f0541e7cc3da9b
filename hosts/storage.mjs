/** Checkpoints in IndexedDB, which keeps typed arrays as they are, in a page and in its workers. */

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
const result = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {IDBTransactionMode} mode */
async function checkpoints(mode) {
  const opening = indexedDB.open('training', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('checkpoints');
  const database = await result(opening);
  return database.transaction('checkpoints', mode).objectStore('checkpoints');
}

/** @type {import('./program.mjs').SaveAndRead} */
export async function saveAndRead(checkpoint) {
  await result((await checkpoints('readwrite')).put(checkpoint, 'last'));
  return result((await checkpoints('readonly')).get('last'));
}
