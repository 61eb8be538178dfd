import { installWithApt } from './apt.mjs';
import { isAtLeast, isExecutable } from './programs.mjs';
import { Failure, run } from './run.mjs';

/**
 * A program that some tests need. Without it they leave themselves out.
 *
 * @typedef {object} Installable
 * @property {string} product as messages name it
 * @property {string} variable of the environment, which may hold its path
 * @property {string} oldest version that is new enough
 * @property {RegExp} version finds the version in what `--version` prints
 * @property {string} places of the candidates, as messages name them
 * @property {() => (string | undefined)[]} candidates paths, the best first
 * @property {readonly string[]} packages of Debian and its like, the best first
 */

/**
 * Finds the program, or installs it.
 *
 * @param {Installable} program
 * @returns {Promise<string>} its path
 * @throws Failure in one line
 */
export async function findOrInstall(program) {
  const found = await find(program);
  if (found) return found;
  const { product, variable, oldest, places, packages } = program;
  const obstacle = await installWithApt(product, packages, oldest).catch(firstLine);
  const installed = obstacle ? undefined : await find(program);
  if (installed) return installed;
  const why = obstacle ?? 'its package is installed now, and does not run';
  throw new Failure(`${product} ${oldest} or newer is not ${places}; ${why}. Install it, or set ${variable}.`);
}

function firstLine(error) {
  return error.message.split('\n')[0];
}

/**
 * The one that the variable names, or the first candidate that runs and is new enough.
 *
 * @param {Installable} program
 * @returns {Promise<string | undefined>} its path
 * @throws Failure when the variable is wrong
 */
export async function find(program) {
  const { product, variable, oldest, candidates } = program;
  const named = process.env[variable];
  if (named) {
    if (isExecutable(named) && (await isNewEnough(program, named))) return named;
    throw new Failure(
      `${variable} is "${named}", and that is no ${product} ${oldest} or newer. Correct it, or unset it.`,
    );
  }
  for (const path of candidates().filter(Boolean)) if (await isNewEnough(program, path)) return path;
  return undefined;
}

async function isNewEnough({ version, oldest }, path) {
  const printed = await run(path, ['--version']).catch(() => '');
  return isAtLeast(version.exec(printed)?.[1], oldest);
}
