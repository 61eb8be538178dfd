import { setTimeout as delay } from 'node:timers/promises';
import { blamedFor, type Death, sparedBy } from './child-exit.js';

/** How long after the end of a child its supervisor may receive the signal that stopped both of them, in ms. */
const STOP_FOLLOWS_MS = 1_000;
/** How often a task is spared because an error names another one. */
const MOST_SPARED = 5;
const REMEMBERED = 1_000;

/**
 * A process that fails gets these signals, or a kill from outside sends them; service managers do not stop a service with
 * them.
 */
const FAILS_BY = /^SIG(?!(?:TERM|INT|HUP|QUIT)$)/;

/**
 * Decides whether the end of a child counts against the tasks that it ran.
 *
 * A service manager, a terminal and an init process signal a whole group, and a child whose app listens to the signal may
 * be gone before its supervisor receives its own. Such an end counts only if no stop follows. An end that cannot come from
 * a stop counts at once, so that its tasks run again at once.
 */
export class Blame {
  private readonly stop = new AbortController();
  private readonly spared = new Map<string, number>();

  /** The worker is being stopped: from now on nothing counts. */
  lift(): void {
    this.stop.abort();
  }

  /**
   * Blames the task that an uncaught error names. The async context of an error can be that of another task, for example of
   * the one that opened a shared connection. So a task is not spared again and again, and a task that kills each of its
   * processes is found.
   */
  weigh(death: Death): Death {
    const spared = sparedBy(death);
    if (spared.some((id) => (this.spared.get(id) ?? 0) >= MOST_SPARED)) return { ...death, disputed: true };
    for (const id of spared) this.remember(id);
    return death;
  }

  /** Resolves when it is clear whether the worker is being stopped; at once if a stop could not cause this end. */
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
