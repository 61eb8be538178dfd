import { playShort } from './harness/short-version.js';

/** The short versions; `npm run chaos` plays the long ones. */
describe('a worker that meets bad tasks', () => {
  it.each(['hard-timeouts', 'poison-tasks', 'foreign-messages'])('%s', playShort, 240_000);
});
