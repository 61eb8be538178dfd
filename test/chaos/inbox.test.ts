import { playShort } from './harness/short-version.js';

/** The short versions; `npm run chaos` plays the long ones. */
describe('tasks with a database', () => {
  it.each(['inbox'])('%s', playShort, 240_000);
});
