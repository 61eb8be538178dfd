import { setTimeout as delay } from 'node:timers/promises';
import type { ChildBroker, Claimant } from '../../src/broker/port/broker.js';
import type { NestworkError } from '../../src/errors.js';
import { SeverableBroker } from '../../src/in-process/severable-broker.js';
import { ScoreboardReader, ScoreboardWriter } from '../../src/ipc/scoreboard.js';
import { Finisher } from '../../src/worker/finisher.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
let claims: SeverableBroker;
beforeEach(async () => {
  fixture = await BrokerFixture.start();
  claims = new SeverableBroker(fixture.broker);
});
afterEach(() => fixture.stop());

const report = { code: 'TASK_FAILED', error: 'on purpose', host: 'here', pid: 1 };
const run = { id: 'x', attempt: 1, startedAt: 0, durationMs: 0, outcome: 'done', host: 'here', pid: 1 } as const;

/** Every way to change something, on one claimed task. */
const COMMANDS: Readonly<Record<string, (broker: ChildBroker, claimant: Claimant, id: string) => Promise<unknown>>> = {
  ack: (broker, claimant, id) => broker.ack(claimant, [id]),
  release: (broker, claimant, id) => broker.release(claimant, [id]),
  retry: (broker, claimant, id) =>
    broker.retry(claimant, { id, queue: 'default' }, { inMs: 0, failures: 0, line: '\n{}', counts: true }),
  bury: (broker, claimant, id) => broker.bury(claimant, { id, queue: 'default' }, report),
};

it.each(Object.entries(COMMANDS))('a severable broker passes %s on until it is severed', async (_name, command) => {
  const message = fixture.message();
  const claimant = await fixture.holderOf([message]);
  const before = await fixture.state();
  claims.sever();
  await expect(command(claims, claimant, idOf(message))).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(await fixture.state()).toEqual(before);
  await expect(command(new SeverableBroker(fixture.broker), claimant, idOf(message))).resolves.toBeTruthy();
});

it('a severed broker claims no more, and records no run of a cron', async () => {
  const claimant = await fixture.child();
  await fixture.broker.enqueue('default', fixture.messages(1));
  claims.sever();
  const request = { number: 1, limit: 1, acks: [], recover: false };
  await expect(claims.claim(claimant, request)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(claims.crons.recordRun(claimant, 'Some.cron', run)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await expect(claims.waitForBell(['default'], 5_000)).rejects.toMatchObject({ code: 'LEASE_LOST' });
});

it('a severed broker ends a wait that is under way', async () => {
  const waiting = claims.waitForBell(['default'], 60_000);
  await delay(1);
  claims.sever();
  expect(await waiting).toBe(false);
});

it('a severed broker ends calls that are repeated until Redis answers', async () => {
  const { broker, lost: outage } = await fixture.anotherBroker(2_000);
  const claims = new SeverableBroker(broker);
  const claimant = await fixture.holderOf([fixture.message()]);
  const codes: string[] = [];
  let lost = 0;
  const scoreboard = new ScoreboardReader(1);
  const finisher = new Finisher({
    broker: claims,
    claimant,
    scoreboard: new ScoreboardWriter(1, scoreboard.fd),
    onEnded: () => {},
    onLeaseLost: () => {
      lost += 1;
    },
    onRefused: () => {},
    onError: (error) => {
      codes.push((error as NestworkError).code);
      claims.sever();
    },
  });
  await fixture.server.kill();
  // until then an ack leaves over the dead connection, and its arrival is unknown
  await outage;
  finisher.ack('some task');
  await finisher.settled();
  expect(codes).toEqual(['REDIS_UNAVAILABLE']);
  expect(lost).toBe(1);
  scoreboard.close();
  await broker.close();
});
