import { find } from './installable.mjs';
import { which } from './programs.mjs';

/**
 * The browser of the browser tests and of the screenshots.
 *
 * @type {import('./installable.mjs').Installable}
 */
export const CHROMIUM = {
  product: 'Chromium',
  variable: 'CHROMIUM_PATH',
  oldest: '123', // the first with `light-dark()`, which the page of the dashboard needs
  version: /\b(\d+\.\d+\.\d+)/,
  places: 'on the PATH',
  // the `chromium-browser` of Ubuntu may be a hint to install it
  candidates: () => ['chromium', 'chromium-browser', 'google-chrome'].map(which),
  packages: ['chromium'],
};

/** Its path; undefined when there is none. */
export const findChromium = () => find(CHROMIUM);
