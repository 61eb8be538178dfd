/** Tells the time, in ms since 1970. What it decides can be tested with another one. */
export type Clock = () => number;

/** The clock of this machine. It asks for `Date` each time, so that the fake timers of a test apply. */
export const systemClock: Clock = () => Date.now();
