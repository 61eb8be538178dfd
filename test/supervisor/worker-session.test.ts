import { setImmediate as nextRound } from 'node:timers/promises';
import type { Broker, SessionDescription } from '../../src/broker/port/broker.js';
import { WorkerSession } from '../../src/supervisor/worker-session.js';

/** A Redis that goes away after the first session, as a broker shows it: every call rejects, or is never answered. */
class Outage {
  away = false;
  silent = false;
  opened = 0;
  description: SessionDescription | undefined;

  readonly broker = {
    openSession: (description: SessionDescription) => {
      this.opened += 1;
      this.description = description;
      return this.answer();
    },
    register: () => this.answer(),
    renew: () => this.answer(),
    settle: () => this.answer(),
    closeSession: () => this.answer(),
    close: async () => {},
  } as unknown as Broker;

  private async answer(): Promise<boolean> {
    if (this.silent) return new Promise(() => {});
    if (this.away) throw new Error('Redis is away.');
    return true;
  }
}

const LIMITS = [{ name: 'stripe', concurrency: 5, keyed: true, ordered: false }];
const NOTHING_RAN = { pid: 7, reason: 'SIGKILL', running: [], done: [], timedOut: [] };

let outage: Outage;
let runtime: WorkerSession;
let lost: number;
let failures: unknown[];
beforeEach(async () => {
  outage = new Outage();
  lost = 0;
  failures = [];
  runtime = new WorkerSession({
    broker: outage.broker,
    leaseMs: 30_000,
    queues: ['default'],
    catalog: [],
    limits: LIMITS,
    app: undefined,
    services: [],
    onError: (error) => void failures.push(error),
    onSessionLost: () => {
      lost += 1;
    },
  });
  await runtime.start();
});
afterEach(() => runtime.close());

/** Reports the loss of the session that is in force. */
function lose(): void {
  runtime.replaceSession(Reflect.get(runtime, 'current') as string);
}

describe('an error that keeps a child from being admitted is logged', () => {
  it('when the child is refused, and the child is admitted when it no longer is', async () => {
    outage.away = true;
    const admitted = runtime.admit();
    while (failures.length === 0) await nextRound();
    outage.away = false;
    expect(await admitted).toMatchObject({ queues: ['default'] });
    expect(failures).toEqual([new Error('Redis is away.')]);
  });

  it('when no session can be opened in place of a lost one', async () => {
    outage.away = true;
    lose();
    while (failures.length === 0) await nextRound();
    outage.away = false;
    expect(await runtime.admit()).toMatchObject({ queues: ['default'] });
  });
});

describe('closing without Redis', () => {
  it('no further session is tried in place of a lost one', async () => {
    outage.away = true;
    lose();
    expect(lost).toBe(1);
    const admitted = runtime.admit();
    while (outage.opened < 3) await nextRound();
    await runtime.close();
    expect(await admitted).toBeUndefined();
    // it would be tried for ever
    await expect(Reflect.get(runtime, 'session')).rejects.toThrow('closing');
  });

  it('the wait for the end of claims has a limit', async () => {
    outage.silent = true;
    runtime.hasten();
    const claimant = { session: 's', child: 's.1', queues: ['default'] };
    expect(await runtime.settle(claimant, NOTHING_RAN)).toBeUndefined();
    await runtime.close();
  });
});

it('a session is opened with the limits of the app', () => {
  expect(outage.description).toMatchObject({ queues: ['default'], limits: LIMITS });
});
