/** How a learning rate changes in the course of training. */

/**
 * The share of the learning rate to use when a share `done` of the training is done: from 1 at the start to 0 at the end,
 * half a cosine wave (Loshchilov and Hutter 2017).
 */
export const cosine = (done: number): number => (1 + Math.cos(Math.PI * done)) / 2;
