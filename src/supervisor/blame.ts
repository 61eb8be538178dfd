import { setTimeout as delay } from 'node:timers/promises';
import { blamedFor, type Death, sparedBy } from './child-exit.js';

/** How long after the end of a child its supervisor may see the signal that stopped both of them, in ms. */
const STOP_FOLLOWS_MS = 1_000;
/** How often a task is spared because an error names another one. */
const MOST_SPARED = 5;
const REMEMBERED = 1_000;

/** These end a process that fails, or that somebody kills; nobody stops a service by them. */
const FAILS_BY = /^SIG(?!(?:TERM|INT|HUP|QUIT)$)/;

/**
 * Decides whether the end of a child counts against the tasks that it ran.
 *
 * A service manager, a terminal and an init process signal a whole group, and a child whose app listens to the signal may be
 * gone before its supervisor has seen its own: such an end counts only once no stop has followed. An end that cannot come
 * from a stop counts at once, so that its tasks run again at once.
 */
export class Blame {
  private readonly stop = new AbortController();
  private readonly spared = new Map<string, number>();

  /** The worker is being stopped: from now on nothing counts. */
  lift(): void {
    this.stop.abort();
  }

  /**
   * Takes the task that an uncaught error names for the culprit. The async context of an error can be that of another task,
   * say of the one that opened a shared connection: so a task that was spared again and again for it is spared no more, and
   * one that kills each of its processes is found.
   */
  weigh(death: Death): Death {
    const spared = sparedBy(death);
    if (spared.some((id) => (this.spared.get(id) ?? 0) >= MOST_SPARED)) return { ...death, disputed: true };
    for (const id of spared) this.remember(id);
    return death;
  }

  /** Resolves once it is known whether the worker is being stopped; at once where that says nothing about this end. */
  async settled(death: Death): Promise<Death> {
    const { signal } = this.stop;
    if (mayBeStopped(death)) await delay(STOP_FOLLOWS_MS, undefined, { signal }).catch(() => {});
    return signal.aborted ? { ...death, stopping: true } : death;
  }

  private remember(id: string): void {
    const times = (this.spared.get(id) ?? 0) + 1;
    this.spared.delete(id);
    this.spared.set(id, times);
    const [oldest] = this.spared.keys();
    if (this.spared.size > REMEMBERED && oldest !== undefined) this.spared.delete(oldest);
  }
}

function mayBeStopped(death: Death): boolean {
  return blamedFor(death).length > 0 && !death.uncaught && !FAILS_BY.test(death.reason);
}
