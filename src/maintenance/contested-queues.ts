import type { LiveWorker } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { type AppWorker, contestedQueues } from '../task/app-tasks.js';
import { printable } from '../values/printable.js';
import type { Finding } from './finding.js';

/** Queues in a warning. */
const MOST_QUEUES = 10;

/** Queues that this worker and those of other apps serve with different tasks; one finding for each other app. */
export function contested(namespace: string, own: AppWorker, workers: readonly LiveWorker[]): Finding[] {
  const byApp = new Map<string, { readonly queues: Set<string>; readonly place: string }>();
  for (const worker of workers) {
    const queues = contestedQueues(own, worker);
    if (!worker.app || queues.length === 0) continue;
    const found = byApp.get(worker.app.name) ?? { queues: new Set(), place: `${worker.host}, pid ${worker.pid}` };
    for (const queue of queues) found.queues.add(queue);
    byApp.set(worker.app.name, found);
  }
  const here = own.app?.name ?? '';
  return [...byApp].map(([there, { queues, place }]) => {
    const names = own.queues.filter((queue) => queues.has(queue));
    const { message } = contest(namespace, { here, there, place, queues: names });
    return { about: `app ${there} ${names.join(' ')}`, what: message };
  });
}

interface Contest {
  readonly here: string;
  readonly there: string;
  /** of a worker of the other app */
  readonly place: string;
  readonly queues: readonly string[];
}

function contest(namespace: string, { here, there, place, queues }: Contest): NestworkError {
  const more = queues.length > MOST_QUEUES ? ` and ${queues.length - MOST_QUEUES} more` : '';
  const served = `${queues.length > 1 ? 'the queues' : 'the queue'} ${queues.slice(0, MOST_QUEUES).join(', ')}${more}`;
  return new NestworkError(
    'SHARED_NAMESPACE',
    `The apps "${printable(here)}" (here) and "${printable(there)}" (${printable(place)}) both serve ${served} in namespace "${namespace}", ` +
      'with different tasks: each takes tasks of the other, parks them because it does not have them, and may let them die in the end.',
    [
      `Give each app a namespace of its own, in its workers and in its senders: \`namespace: '${namespaceFor(here)}'\` in this one, ` +
        `\`namespace: '${namespaceFor(there)}'\` in the other.`,
      'Or give each app queues of its own: other names in `queues` and `defaultQueue`, in both.',
      'If both share their tasks on purpose, provide the same tasks in both. In a deployment this ends with the last old worker.',
    ],
  );
}

/** The part of a package name that can be a namespace: `@acme/shop` becomes `acme-shop`. */
function namespaceFor(name: string): string {
  const allowed = name.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^-+|-+$/g, '');
  return allowed.slice(0, 100) || 'my-app';
}
