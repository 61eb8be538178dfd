import { CHROMIUM } from './browser.js';

/** Tests that need a browser. */
export const inBrowser: typeof describe = CHROMIUM ? describe : describe.skip;
