/** Values that others wrote into hashes and sorted sets of nestwork: readers pass over them and warn once. */

import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { encodeMessage, idOf } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';
import { fireCron } from '../support/fire-cron.js';

const CRONS = '{nestwork}:crons';
const CATALOG = '{nestwork}:catalog';
const DEAD = '{nestwork}:dead:default';
const TOLERANCE_MS = 60_000;
const POLL: CronDeclaration = {
  name: 'Inbox.poll',
  queue: 'default',
  schedule: { everyMs: 1_000 },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'skip',
  disabled: false,
};

let fixture: BrokerFixture;
let broker: RedisBroker;
let warnings: string[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  warnings = [];
  broker = new RedisBroker({
    redis: fixture.settings,
    namespace: 'nestwork',
    queues: ['default'],
    commandTimeoutMs: 5_000,
    onWarning: (warning) => warnings.push(warning),
  });
});
afterEach(async () => {
  await broker.close();
  await fixture.redis.flushall();
});
afterAll(() => fixture.stop());

const names = (...places: string[]): unknown[] => places.map((place) => expect.stringContaining(`${place} holds "`));

describe('the hash of the crons', () => {
  it.each(['soon', '-1', '1e9', 'nan', '', '9'.repeat(400)])(
    'with an `until` of %j makes the cron begin now',
    async (until) => {
      await broker.crons.declare([POLL], TOLERANCE_MS);
      await fixture.redis.hset(CRONS, `${POLL.name} until`, until);
      const look = async (): Promise<number | undefined> =>
        (await broker.crons.survey([POLL.name])).states.get(POLL.name)?.settledUntil;
      expect([await look(), await look()]).toEqual([undefined, undefined]);
      expect(warnings).toEqual(names('The field "Inbox.poll until" of {nestwork}:crons'));
      expect(await fireCron(broker.crons, POLL, [])).toMatchObject({ known: false });
      const before = await fixture.now();
      await broker.crons.declare([POLL], TOLERANCE_MS);
      expect(await look()).toBeGreaterThanOrEqual(before);
    },
  );

  it('with an invalid count of skipped runs counts anew, and fires no instant twice', async () => {
    await broker.crons.declare([POLL], TOLERANCE_MS);
    const due = (await fixture.now()) - 1_000;
    await fixture.redis.hset(CRONS, `${POLL.name} until`, due - 1, `${POLL.name} skipped`, 'many');
    const run = (id: string): { due: number; message: string } => {
      const tags = encodeUnique(POLL.name, 'cron', 'finished');
      const options = { cron: POLL.name, due };
      return { due, message: encodeMessage({ id, name: POLL.name, payload: '[]', enqueuedAt: 1, options, tags }) };
    };
    const [first, second] = [run(fixture.ids.next()), run(fixture.ids.next())];
    expect(await fireCron(broker.crons, POLL, [first])).toMatchObject({ fired: 1, skipped: 0 });
    await fixture.redis.hset(CRONS, `${POLL.name} until`, due - 1);
    expect(await fireCron(broker.crons, POLL, [second])).toMatchObject({ fired: 0, skipped: 1 });
    expect(await fireCron(broker.crons, POLL, [second])).toMatchObject({ fired: 0, skipped: 0 });
    expect(await fixture.redis.hget(CRONS, `${POLL.name} skipped`)).toBe('1');
  });

  it.each(['no JSON', '7', '{"id":"x","startedAt":"then","durationMs":1}'])(
    'with a last run of %j has no last run',
    async (run) => {
      await broker.crons.declare([POLL], TOLERANCE_MS);
      await fixture.redis.hset(CRONS, `${POLL.name} run`, run);
      expect((await fireCron(broker.crons, POLL, [])).lastRun).toBeUndefined();
      expect((await new CronManager(broker, KnownQueues.declared(['default'])).get(POLL.name)).lastRun).toBeUndefined();
      expect(warnings).toEqual(names('The field "Inbox.poll run" of {nestwork}:crons'));
    },
  );

  it('with a history in which others have written returns the rest of it', async () => {
    await broker.crons.declare([POLL], TOLERANCE_MS);
    const key = '{nestwork}:cron-runs:Inbox.poll';
    await fixture.redis.rpush(key, 'noise', '1000 skipped abc', '1000 done then 30 1 abc');
    const manager = new CronManager(broker, KnownQueues.declared(['default']));
    for (let look = 0; look < 2; look += 1) {
      expect(await manager.history(POLL.name)).toEqual([{ kind: 'skipped', due: new Date(1_000), id: 'abc' }]);
    }
    expect(warnings).toEqual(names(`An entry of ${key}`));
  });

  it('with invalid numbers and definitions lists the rest', async () => {
    await broker.crons.declare([POLL], TOLERANCE_MS);
    await fixture.redis.hset(
      CRONS,
      `${POLL.name} fired`,
      'x',
      `${POLL.name} skipped`,
      '1.5',
      `${POLL.name} missed`,
      '-3',
    );
    await fixture.redis.hset(
      CRONS,
      'Broken.json definition',
      '{',
      'Broken.shape definition',
      '[]',
      'lonely',
      '1',
      ' x',
      '2',
    );
    const manager = new CronManager(broker, KnownQueues.declared(['default']));
    for (let look = 0; look < 2; look += 1) {
      expect(await manager.list()).toEqual([
        expect.objectContaining({ name: POLL.name, lastFire: undefined, skipped: 0, missedTimes: 0 }),
      ]);
    }
    const places = ['Broken.json definition', 'Broken.shape definition', 'lonely definition', ' definition'];
    const fields = [...places, ...['fired', 'skipped', 'missed'].map((field) => `${POLL.name} ${field}`)];
    const wanted = names(...fields.map((field) => `The field "${field}" of {nestwork}:crons`));
    expect(warnings).toEqual(expect.arrayContaining(wanted));
    expect(warnings).toHaveLength(fields.length);
  });

  it('is cleaned of invalid fields', async () => {
    await fixture.redis.hset(
      CRONS,
      'Gone.cron definition',
      '{',
      'Gone.cron orphan',
      'x',
      ' x',
      '1',
      '',
      '2',
      'lonely',
      '3',
    );
    expect(await broker.crons.forget(0)).toBe(0);
    expect(await broker.crons.forget(0)).toBe(3);
    expect(await fixture.redis.hkeys(CRONS)).toEqual([]);
  });
});

describe('the catalog', () => {
  it.each(['no JSON', '7', 'null', '{}', '{"queue":7}'])(
    'with the entry %j of a task has no queue for it',
    async (entry) => {
      await fixture.redis.hset(CATALOG, 'Some.task', entry);
      expect(await broker.registeredTask('Some.task')).toBeUndefined();
      expect(await broker.registeredTask('Some.task')).toBeUndefined();
      expect(warnings).toEqual(names('The field "Some.task" of {nestwork}:catalog'));
    },
  );
});

describe('the dead of a queue', () => {
  const BINARY = Buffer.from([0xff, 0xfe, 0x00]);
  const shouted = 'Z'.repeat(20);

  it.each(['newest', 'oldest'] as const)('are listed from the %s on without invalid members', async (order) => {
    const messages = await seedDead(fixture, [{ diedAt: 5 }, { diedAt: 5 }, { diedAt: 5 }, { diedAt: 9 }]);
    const id = idOf(fixture.message());
    for (const score of [5, 7]) {
      await fixture.redis.zadd(
        DEAD,
        score,
        '',
        score,
        `x${score}`,
        score,
        `${score}${shouted.slice(1)}`,
        score,
        BINARY,
      );
    }
    await fixture.redis.zadd(DEAD, '+inf', `a${id.slice(1)}`, '-inf', `b${id.slice(1)}`, -5, `c${id.slice(1)}`);
    await fixture.redis.zadd(DEAD, 1.5, `d${id.slice(1)}`, 2 ** 53, `e${id.slice(1)}`);
    const deadLetters = new DeadLetters(broker.deadLetters, KnownQueues.declared(['default']), broker.actions);
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await deadLetters.list({}, { limit: 1, order, cursor });
      found.push(...page.tasks.map((task) => task.id));
      cursor = page.cursor;
    } while (cursor !== undefined && found.length < 9);
    const ids = messages.map(idOf);
    expect(found).toEqual(order === 'oldest' ? ids : ids.reverse());
    expect(warnings).toEqual(names(DEAD));
    expect(await deadLetters.redriveAll({})).toMatchObject({ redriven: 4 });
  });

  it('are not found under an id whose time of death is invalid', async () => {
    const [message = ''] = await seedDead(fixture, [{}]);
    await fixture.redis.zadd(DEAD, '+inf', idOf(message));
    const deadLetters = new DeadLetters(broker.deadLetters, KnownQueues.declared(['default']), broker.actions);
    expect(await deadLetters.get(idOf(message))).toBeUndefined();
    expect(warnings).toEqual(names(DEAD));
  });
});

describe('the records of broadcasts', () => {
  it('list the rest without invalid outcomes and gaps', async () => {
    const id = fixture.ids.next();
    const key = `{nestwork}:broadcast:${id}`;
    const outcome = { host: 'here', pid: 7, ok: true, at: 5 };
    await broker.broadcasts.record([{ id, target: 'process', outcome }]);
    await fixture.redis.hset(key, 'x', 'no JSON', 'y', '7');
    await fixture.redis.zadd('{nestwork}:broadcast-gaps', 1, '{', 2, '{"at":"then"}');
    expect(await broker.broadcasts.outcomes(id)).toEqual([outcome]);
    expect(await broker.broadcasts.gaps()).toEqual([]);
    const places = [`The field "x" of ${key}`, `The field "y" of ${key}`, '{nestwork}:broadcast-gaps'];
    expect(warnings).toEqual(names(...places));
  });
});
