import { playShort } from './harness/short-version.js';

/** The short versions; `npm run chaos` plays the long ones. */
describe('a worker whose processes die', () => {
  it.each([
    'child-kills',
    'supervisor-kills',
    'scheduled-tasks',
    'blocked-loops',
    'late-answers',
    'rolling-restarts',
    'flows',
    'limits',
  ])('%s', playShort, 240_000);
});
