import { playShort } from './harness/short-version.js';

/** The short versions; `npm run chaos` plays the long ones. */
describe('a worker whose Redis fails', () => {
  it.each(['lost-replies', 'frozen-redis', 'paused-clients', 'clock-jumps', 'redis-kills', 'full-memory'])(
    '%s',
    playShort,
    240_000,
  );
});
