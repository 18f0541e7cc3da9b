/** Hashes texts. */

/** Returns a 128-bit hash of a text. Different texts practically never have the same hash. */
export function hashed(text: string): string {
  const half = (seed: number): string => {
    let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return `${(b >>> 0).toString(36)} ${(a >>> 0).toString(36)}`;
  };
  return `${half(0)} ${half(0x9e3779b9)} ${text.length}`;
}
