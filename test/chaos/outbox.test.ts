import { playShort } from './harness/short-version.js';

/** The short version; `npm run chaos` plays the long one. */
describe('an outbox whose databases, relays and Redis fail', () => {
  it('outbox', () => playShort('outbox'), 480_000);
});
