import type { CatalogPort } from '../../broker/port/catalog-port.js';
import type { LiveSessions } from '../../broker/port/worker-port.js';
import { NestworkError } from '../../errors.js';
import { didYouMean } from '../../values/did-you-mean.js';
import { printable } from '../../values/printable.js';
import { unknownQueue } from '../../values/queue-names.js';
import { shown } from '../../values/shown.js';

/** The queues that a call may name. */
export class KnownQueues {
  private constructor(
    private readonly read: (sessions?: LiveSessions) => Promise<readonly string[]>,
    private readonly unknown: typeof unknownQueue,
  ) {}

  /** Those that an app declares. */
  static declared(queues: readonly string[]): KnownQueues {
    return new KnownQueues(async () => queues, unknownQueue);
  }

  /**
   * Those that workers of the namespace have ever served.
   *
   * @param place where a person has named the queue, in place of the call: `the option --queue`
   */
  static ofCatalog(catalog: CatalogPort, place?: string): KnownQueues {
    return new KnownQueues(
      (sessions) => catalog.queues(sessions),
      (queue, where, known) => neverServed(queue, place ?? where, known),
    );
  }

  /** Both: a task may wait in a queue that an app declares and that no worker has ever served. */
  static declaredOrServed(queues: readonly string[], catalog: CatalogPort): KnownQueues {
    return new KnownQueues(
      async (sessions) => [...new Set([...queues, ...(await catalog.queues(sessions))])],
      neverServed,
    );
  }

  /** @param sessions read a moment ago; read anew if not given */
  all(sessions?: LiveSessions): Promise<readonly string[]> {
    return this.read(sessions);
  }

  /**
   * The given queue, or all of them for undefined.
   *
   * @param where the call that names it; left out where its error is read by people who have made none
   * @throws NestworkError UNKNOWN_QUEUE
   */
  async choose(queue: string | undefined, where?: string): Promise<readonly string[]> {
    const known = await this.read();
    return queue === undefined ? known : [this.checked(queue, where, known)];
  }

  /** @throws NestworkError UNKNOWN_QUEUE */
  async chooseAll(queues: readonly string[], where: string): Promise<readonly string[]> {
    const known = await this.read();
    return [...new Set(queues)].map((queue) => this.checked(queue, where, known));
  }

  /**
   * A queue that is among those that were read before.
   *
   * @throws NestworkError UNKNOWN_QUEUE
   */
  checked(queue: string, where: string | undefined, known: readonly string[]): string {
    if (known.includes(queue)) return queue;
    throw this.unknown(queue, where, known);
  }
}

function neverServed(queue: string, where: string | undefined, known: readonly string[]): NestworkError {
  const name = printable(typeof queue === 'string' ? queue : shown(queue));
  const meant = didYouMean(name, known);
  return new NestworkError(
    'UNKNOWN_QUEUE',
    `Queue "${name}"${where === undefined ? '' : `, named by ${where},`} is unknown: no worker of this namespace has ever served it.`,
    [
      ...(meant === undefined ? [] : [`Did you mean ${printable(meant)}?`]),
      known.length > 0
        ? `Known queues: ${known.map((one) => printable(one)).join(', ')}.`
        : 'No worker has ever started in this namespace: check its name, and the address of Redis.',
    ],
  );
}
