/** The queues of the fixture app, by priority. */
export const QUEUES = ['urgent', 'default', 'bulk'];

/** Where Redis falls silent: so short that an outage of a few seconds is felt as one. */
export const HASTY = { commandTimeout: '1s' } as const;

/** How long a scenario waits for a state before it counts as never reached, in ms. */
export const PATIENCE_MS = 120_000;
