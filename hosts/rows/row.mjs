/** What a row of the table is. */

import { toolsOf } from '../stage.mjs';

/** @typedef {import('../program.mjs').Outcome} Outcome */

/**
 * Where rows run.
 *
 * @typedef {{ stage: import('../stage.mjs').Stage, chromium: import('../chromium.mjs').Chromium }} Place
 */

/**
 * @typedef {object} Row
 * @property {string} host
 * @property {string} [version] in which it is tried; of a browser it is the system's
 * @property {string} needs the settings without which it does not work, a word or a link within docs/hosts.md
 * @property {(place: Place) => Promise<Outcome | string>} run gives what became of the training, or says what else was checked
 */

/**
 * The version of a tool that a project is tried with.
 *
 * @param {string} project
 * @param {string} [name] of its package, which is the project's unless it is told
 */
export function versionOf(project, name = project) {
  const version = toolsOf(project)[name];
  if (version === undefined) throw new Error(`the project ${project} has no ${name}`);
  return version;
}
