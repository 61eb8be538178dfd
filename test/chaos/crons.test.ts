import { playShort } from './harness/short-version.js';

/** The short versions; `npm run chaos` plays the long ones. */
describe('crons under deploys and faults', () => {
  it.each(['crons'])('%s', playShort, 240_000);
});
