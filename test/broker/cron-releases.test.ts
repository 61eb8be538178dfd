import type { CronState } from '../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronLoop } from '../../src/maintenance/cron-loop.js';
import { decodeMessage, type TaskMessage } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const CRONS = '{nestwork}:crons';
const HOUR = 3_600_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function cronOf(release: string, given: Partial<CronDeclaration> = {}, delayMs = 0): CronDeclaration {
  return {
    name: 'Cache.warm',
    queue: 'default',
    schedule: { only: 'release' },
    missed: 'latest',
    thresholdMs: 10_000,
    overlap: 'allow',
    disabled: false,
    atRelease: { delayMs, runs: true, release },
    ...given,
  };
}

function loop(cron: CronDeclaration): CronLoop {
  return new CronLoop({
    broker: fixture.broker.crons,
    crons: [cron],
    onWarning: () => {},
    onError: (error) => {
      throw error;
    },
  });
}

async function fired(): Promise<TaskMessage[]> {
  return (await fixture.redis.lrange('{nestwork}:queue:default', 0, -1)).map((message) => decodeMessage(message));
}

async function state(): Promise<CronState | undefined> {
  const { states } = await fixture.broker.crons.survey(
    ['Cache.warm'],
    [
      ['Cache.warm', 'begins'],
      ['Cache.warm', 'immediate'],
    ],
  );
  return states.get('Cache.warm');
}

/** The run of the release comes due. */
async function letItBeDue(): Promise<void> {
  const { immediate = 0 } = (await state()) ?? {};
  await fixture.redis.hset(CRONS, 'Cache.warm immediate', immediate - HOUR, 'Cache.warm begins', immediate - HOUR);
}

describe('a cron that heeds releases', () => {
  it('runs once for each, with as many workers and restarts as there are', async () => {
    await Promise.all(Array.from({ length: 5 }, () => loop(cronOf('v1')).tick()));
    const all = [loop(cronOf('v1')), loop(cronOf('v1'))];
    // the run is due in the millisecond of the first declaration
    while ((await fired()).length === 0) await Promise.all(all.map((one) => one.tick()));
    await loop(cronOf('v1')).tick();
    expect(await fired()).toHaveLength(1);
    while ((await fired()).length === 1) await loop(cronOf('v2')).tick();
    await loop(cronOf('v1')).tick();
    await loop(cronOf('v2')).tick();
    expect(await fired()).toHaveLength(2);
  });

  it('remembers the last 10 releases, and runs again for one that is older', async () => {
    for (let number = 1; number <= 11; number += 1) await fixture.broker.crons.declare([cronOf(`v${number}`)], 0);
    const releases = (await fixture.redis.hget(CRONS, 'Cache.warm releases')) ?? '';
    expect(releases.split(' ')).toEqual(Array.from({ length: 10 }, (_, index) => `v${11 - index}`));
    await fixture.redis.hdel(CRONS, 'Cache.warm immediate');
    await fixture.broker.crons.declare([cronOf('v2')], 0);
    expect((await state())?.immediate).toBeUndefined();
    await fixture.broker.crons.declare([cronOf('v1')], 0);
    expect((await state())?.immediate).toBeDefined();
  });

  it('sleeps until its delay is over, and gives that moment as the time of the run', async () => {
    const one = loop(cronOf('v1', { schedule: { only: 'release', jitterMs: 500 } }, HOUR));
    await one.tick();
    expect(await fired()).toEqual([]);
    await letItBeDue();
    await one.tick();
    const [run, ...more] = await fired();
    expect(more).toEqual([]);
    expect(run?.options.due).toBe((await state())?.begins);
    expect((await state())?.immediate).toBeUndefined();
  });

  it('notes that moment also where its run is skipped', async () => {
    for (const release of ['v1', 'v2']) {
      const one = loop(cronOf(release, { schedule: { everyMs: HOUR, jitterMs: 500 }, overlap: 'skip' }, HOUR));
      await one.tick();
      await letItBeDue();
      await one.tick();
    }
    const [skipped] = await fixture.broker.crons.history('Cache.warm', 1);
    expect(skipped).toMatchObject({ kind: 'skipped', due: (await state())?.begins });
  });

  it('comes due by its times only after the delay, and then makes up for nothing before', async () => {
    const cron = cronOf('v1', {
      schedule: { everyMs: 1_000 },
      missed: 'all',
      atRelease: { delayMs: HOUR, runs: false, release: 'v1' },
    });
    const one = loop(cron);
    await one.tick();
    expect(await state()).toMatchObject({ immediate: undefined, begins: expect.any(Number) });
    const { now } = await fixture.broker.crons.survey([]);
    await fixture.redis.hset(CRONS, 'Cache.warm until', now - 5_000);
    expect(await one.tick()).toBeGreaterThan(20_000);
    expect(await fired()).toEqual([]);
    await fixture.redis.hset(CRONS, 'Cache.warm begins', now - 2_000);
    await one.tick();
    const times = (await fired()).map(({ options }) => options.due ?? 0);
    expect(times.length).toBeGreaterThanOrEqual(2);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(now - 2_000);
  });

  it('does not run while it is paused, nor for that release afterwards', async () => {
    const one = loop(cronOf('v1', {}, HOUR));
    await one.tick();
    await fixture.broker.crons.pause('Cache.warm');
    await letItBeDue();
    await one.tick();
    await fixture.broker.crons.resume('Cache.warm');
    await one.tick();
    expect(await fired()).toEqual([]);
  });

  it('does not note a release by a worker that disables it', async () => {
    await loop(cronOf('v1', { disabled: true })).tick();
    expect(await fixture.redis.hget(CRONS, 'Cache.warm releases')).toBeNull();
  });

  it('ignores a beginning that was set under a clock which was set back since', async () => {
    const one = loop(cronOf('v1', { schedule: { everyMs: 1_000 } }));
    await one.tick();
    const { now } = await fixture.broker.crons.survey([]);
    await fixture.redis.hset(CRONS, 'Cache.warm begins', now + HOUR, 'Cache.warm until', now - 3_000);
    await fixture.redis.hdel(CRONS, 'Cache.warm immediate');
    await one.tick();
    expect((await fired()).length).toBeGreaterThanOrEqual(1);
  });

  it('has no run where the next release wants none', async () => {
    await loop(cronOf('v1', { schedule: { everyMs: HOUR } }, HOUR)).tick();
    const without = { delayMs: HOUR, runs: false, release: 'v2' };
    const next = loop(cronOf('v2', { schedule: { everyMs: HOUR }, atRelease: without }));
    await next.tick();
    expect((await state())?.immediate).toBeUndefined();
  });

  it('has no run by a worker whose release wants none, while others may fire it', async () => {
    await loop(cronOf('v2', {}, HOUR)).tick();
    await letItBeDue();
    await loop(cronOf('v1', { atRelease: { delayMs: HOUR, runs: false, release: 'v2' } })).tick();
    expect(await fired()).toEqual([]);
    await loop(cronOf('v2', {}, HOUR)).tick();
    expect(await fired()).toHaveLength(1);
  });

  it('remembers a release that a rollback has brought back longer than those that nobody runs', async () => {
    for (let number = 1; number <= 10; number += 1) await fixture.broker.crons.declare([cronOf(`v${number}`)], 0);
    for (const release of ['v1', 'v11']) await fixture.broker.crons.declare([cronOf(release)], 0);
    await fixture.redis.hdel(CRONS, 'Cache.warm immediate');
    await fixture.broker.crons.declare([cronOf('v1')], 0);
    expect((await state())?.immediate).toBeUndefined();
    expect(((await fixture.redis.hget(CRONS, 'Cache.warm releases')) ?? '').split(' ')).toEqual([
      ...['v11', 'v1', 'v10', 'v9', 'v8', 'v7', 'v6', 'v5', 'v4', 'v3'],
    ]);
  });

  it.each([
    ['after `endDate`', { endAt: 1_000 }],
    ['before `startDate`', { startAt: 8e15 }],
  ])('does not run %s', async (_, bounds) => {
    const one = loop(cronOf('v1', { schedule: { everyMs: HOUR, ...bounds } }));
    await one.tick();
    const [info] = await fixture.broker.crons.records();
    expect(info).toMatchObject({ name: 'Cache.warm', immediate: undefined });
    const { immediate = 0 } = (await state()) ?? {};
    while ((await fixture.broker.crons.survey([])).now <= immediate);
    await one.tick();
    expect(await fired()).toEqual([]);
  });

  it('begins anew where the clock has been set back since, and runs after its delay', async () => {
    const one = loop(cronOf('v1', {}, HOUR));
    await one.tick();
    const { now } = await fixture.broker.crons.survey([]);
    const ahead = now + 48 * HOUR;
    // v0 is older: its delay says nothing about v1
    await fixture.redis.hset(
      CRONS,
      'Cache.warm releases',
      'v1 v0',
      'Cache.warm begins',
      ahead,
      'Cache.warm immediate',
      ahead,
    );
    await loop(cronOf('v0', {}, 0)).tick();
    expect(await state()).toMatchObject({ begins: ahead, immediate: ahead });
    await loop(cronOf('v1', {}, HOUR)).tick();
    const { begins = 0, immediate } = (await state()) ?? {};
    expect(begins).toBe(immediate);
    expect(begins - now).toBeLessThan(2 * HOUR);
  });
});
