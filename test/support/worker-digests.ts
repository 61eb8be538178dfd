import type { WorkerDigest } from '../../src/broker/port/worker-port.js';
import type { BrokerFixture } from './broker-fixture.js';

/** A worker in good order, with one child that runs one task. */
export const DIGEST: WorkerDigest = {
  version: '1.2.3',
  app: 'shop',
  appVersion: '4.5.6',
  state: 'running',
  inProcess: false,
  upMs: 3_600_000,
  bytes: 90 * 2 ** 20,
  forked: 1,
  children: [
    {
      pid: 4_711,
      state: 'running',
      upMs: 3_599_000,
      bytes: 120 * 2 ** 20,
      running: 1,
      done: 1_234,
      active: [{ id: '0123456789abcdefghij', name: 'ReportTasks.send', forMs: 61_000 }],
    },
  ],
  restarted: 0,
  restarts: [],
};

/** Opens the session of a worker that serves the queues, and publishes its digest. Resolves to its id. */
export async function publishWorker(
  fixture: BrokerFixture,
  given: Partial<WorkerDigest> = {},
  queues: readonly string[] = ['default'],
): Promise<string> {
  const { session } = await fixture.child(queues);
  await fixture.broker.workers.publish(session, { ...DIGEST, ...given }, 60_000);
  return session;
}
