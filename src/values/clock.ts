/** Returns the time, in ms since 1970. Tests give another one. */
export type Clock = () => number;

/** The clock of this machine. It asks for `Date` each time, so that the fake timers of a test apply. */
export const systemClock: Clock = () => Date.now();

/** Token of the clock of an app: that of a test may be another. */
export const CLOCK = Symbol.for('nestwork:clock');
