import { installWithApt } from './apt.mjs';
import { isExecutable, which } from './programs.mjs';
import { Failure, run } from './run.mjs';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];
/** The first with `light-dark()`, which the page of the dashboard needs. */
const OLDEST_CHROMIUM = 123;

/**
 * Finds the browser of the browser tests and of the screenshots, or installs it.
 *
 * @returns {Promise<string>} its path
 * @throws Failure in one line
 */
export async function chromium() {
  const found = await findChromium();
  if (found) return found;
  const obstacle = await installWithApt('Chromium', ['chromium'], OLDEST_CHROMIUM).catch(firstLine);
  const installed = obstacle ? undefined : await findChromium();
  if (installed) return installed;
  const why = obstacle ?? 'its package is installed now, and does not run';
  throw new Failure(
    `Chromium ${OLDEST_CHROMIUM} or newer is not on the PATH; ${why}. Install it, or set CHROMIUM_PATH.`,
  );
}

function firstLine(error) {
  return error.message.split('\n')[0];
}

/**
 * The one at CHROMIUM_PATH, or the first on the PATH that runs: the `chromium-browser` of Ubuntu may be a hint to install it.
 *
 * @returns {Promise<string | undefined>} its path
 * @throws Failure when CHROMIUM_PATH is wrong
 */
export async function findChromium() {
  const { CHROMIUM_PATH } = process.env;
  if (CHROMIUM_PATH) {
    if (isExecutable(CHROMIUM_PATH) && (await isNewEnough(CHROMIUM_PATH))) return CHROMIUM_PATH;
    throw new Failure(
      `CHROMIUM_PATH is "${CHROMIUM_PATH}", and that is no Chromium ${OLDEST_CHROMIUM} or newer. Correct it, or unset it.`,
    );
  }
  for (const program of PROGRAMS.map(which).filter(Boolean)) if (await isNewEnough(program)) return program;
  return undefined;
}

async function isNewEnough(program) {
  const version = await run(program, ['--version']).catch(() => '');
  return Number(/\b(\d+)\.\d+\.\d+/.exec(version)?.[1]) >= OLDEST_CHROMIUM;
}
