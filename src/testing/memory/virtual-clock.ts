import { type Clock, systemClock } from '../../task/clock.js';

/** What a broker in memory needs to know of time. */
export interface Time {
  readonly now: Clock;
  /** Calls back once that time has come. Returns what takes it back. */
  at(time: number, ring: () => void): () => void;
}

/** The time of this machine, where nobody waits for a bell: so it needs no timer. */
export const wallTime: Time = { now: systemClock, at: () => () => {} };

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** A clock that stands still until somebody moves it. It has no timer, so nothing keeps a process alive. */
export class VirtualClock implements Time {
  private alarms: Alarm[] = [];

  /** @param time where it stands at first, in ms since 1970 */
  constructor(private time: number) {}

  /** In ms since 1970. */
  readonly now = (): number => this.time;

  /** Moves it forward, never back, and rings what was set for until then. */
  moveTo(time: number): void {
    this.time = Math.max(time, this.time);
    const due = this.alarms.filter(({ at }) => at <= this.time);
    this.alarms = this.alarms.filter((alarm) => !due.includes(alarm));
    for (const { ring } of due.sort((a, b) => a.at - b.at)) ring();
  }

  at(time: number, ring: () => void): () => void {
    const alarm = { at: time, ring };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm);
    };
  }
}
