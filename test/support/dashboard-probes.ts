import { EventEmitter, once } from 'node:events';
import { act, bulk, type Route, read } from '../../src/dashboard/http/route.js';
import { ROUTES } from '../../src/dashboard/routes.js';

/** What the probes did. */
export const did: string[] = [];
const gate = new EventEmitter();

/** Lets bulk actions with `wait` end. */
export function openGate(): void {
  gate.emit('open');
}

/** Addresses of the dashboard for tests of all of them, whatever the screens bring. */
const PROBES: readonly Route[] = [
  read('test/echo', async ({ query, by, namespace }) => ({ query: Object.fromEntries(query), by, namespace })),
  read('test/explain', ({ inspector, query }) => inspector.tasks.explain(query.get('id') ?? '')),
  read('test/queues', ({ inspector }) => inspector.queues.names()),
  read('test/fails', async () => {
    throw new Error('connect postgres://app:s3cret@db');
  }),
  act('test/act', {
    action: 'pause',
    subject: ({ body }) => ({ queue: String(body.queue) }),
    run: async ({ body, by, inspector }, { queue = '' }) => {
      if (body.pause) return inspector.queues.pause(queue, { by });
      if (body.fail) throw new Error(String(body.fail));
      did.push(`act ${queue}`);
      return { size: JSON.stringify(body).length };
    },
  }),
  bulk('test/bulk', {
    action: 'redrive',
    subject: ({ body }) => ({ queue: String(body.queue) }),
    run: async ({ body, signal }, report) => {
      report({ handled: 1, count: 1, total: 2 });
      did.push('bulk');
      if (body.wait) await once(gate, 'open', { signal }).catch(() => did.push('stopped'));
      if (body.fail) throw new Error(String(body.fail));
      return { count: 2 };
    },
  }),
];

(ROUTES as Route[]).push(...PROBES);
