/** Each finding of the doctor, on a Redis that has the fault. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { Claimant, LimitDeclaration } from '../../src/broker/port/broker.js';
import type { OutboxNote } from '../../src/broker/port/relay-port.js';
import type { WorkerDigest } from '../../src/broker/port/worker-port.js';
import { parseServerFacts } from '../../src/broker/redis/server-facts.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CHECKS } from '../../src/inspector/doctor/checks.js';
import { type DoctorCheck, type DoctorCode, type DoctorFinding } from '../../src/inspector/doctor/doctor-report.js';
import { judgeVersion } from '../../src/inspector/doctor/server-checks.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeAppTasks } from '../../src/task/app-tasks.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import type { Clock } from '../../src/values/clock.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';

/** A server with which nothing is wrong. */
const GOOD = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory', '100mb'];
const HOUR_MS = 3_600_000;
const CRON: CronDeclaration = {
  name: 'Reports.daily',
  queue: 'default',
  schedule: { expression: '0 8 * * *', timeZone: 'UTC' },
  missed: 'latest',
  thresholdMs: 10_000,
  overlap: 'skip',
  disabled: false,
};

const IN_PARIS: CronDeclaration = { ...CRON, schedule: { expression: '0 8 * * *', timeZone: 'Europe/Paris' } };
/** As a worker declares it whose Node knows more zones. */
const ON_MARS: CronDeclaration = { ...CRON, schedule: { expression: '0 8 * * *', timeZone: 'Mars/Olympus' } };

const STRIPE: LimitDeclaration = { name: 'stripe', concurrency: 5, keyed: true, ordered: false };

/** Every code; the compiler knows whether one is missing. */
const CODES: Record<DoctorCode, true> = {
  'too-old': true,
  'cluster-node': true,
  replica: true,
  'foreign-format': true,
  'eviction-policy': true,
  'no-append-file': true,
  'failed-save': true,
  'fsync-off': true,
  'no-memory-limit': true,
  'memory-short': true,
  'clock-skew': true,
  'sender-clock': true,
  'worker-clock': true,
  'foreign-key': true,
  'wrong-type': true,
  'orphaned-claims': true,
  'no-children': true,
  'lease-over': true,
  'no-digest': true,
  'stale-digest': true,
  'mixed-versions': true,
  'mixed-tags': true,
  'cron-differs': true,
  'zone-data-differs': true,
  'unreadable-cron': true,
  'orphaned-crons': true,
  'limit-differs': true,
  'limit-closed': true,
  'no-worker': true,
  'shared-queue': true,
  'unknown-name': true,
  'foreign-message': true,
  'long-pause': true,
  'outbox-unrelayed': true,
  'outbox-late': true,
  'outbox-aside': true,
  'dead-growing': true,
};

let fixture: BrokerFixture;
afterEach(() => fixture?.stop());

/** The note of a relay, made so long ago. */
async function noteOutbox(given: Partial<OutboxNote>, agoMs = 0): Promise<void> {
  const note: OutboxNote = { table: 'tasks', waiting: 0, putAside: 0, oldestMs: 0, ...given };
  await fixture.redis.hset(`${KEY}outboxes`, 'k3v9', `${(await fixture.now()) - agoMs} ${JSON.stringify(note)}`);
}

/** Opens a session that serves the queues and has published what it does. */
async function worker(
  given: {
    version?: string;
    state?: WorkerDigest['state'];
    crons?: CronDeclaration[];
    limits?: LimitDeclaration[];
    upMs?: number;
    queues?: string[];
  } = {},
): Promise<Claimant> {
  const { version = '1.0.0', state = 'running', crons = [], limits = [], upMs = 0, queues = ['default'] } = given;
  const session = `${fixture.ids.next()}-30000`;
  const catalog = [
    { name: 'Some.task', queue: 'default' },
    ...crons.map((cron) => ({ name: cron.name, queue: cron.queue, crons: [cron] })),
  ];
  await fixture.broker.openSession({ session, leaseMs: 30_000, queues, host: 'host-1', pid: 7, catalog, limits });
  await fixture.broker.workers.publish(session, { ...digest(version, upMs), state }, 30_000);
  return { session, child: `${session}.1`, queues };
}

function digest(version: string, upMs: number): WorkerDigest {
  const empty = { forked: 0, children: [], restarted: 0, restarts: [] };
  return { version, state: 'running', inProcess: false, upMs, bytes: 1, ...empty };
}

/** A worker with a child. */
async function healthy(given: Parameters<typeof worker>[0] = {}): Promise<Claimant> {
  const claimant = await worker(given);
  await fixture.broker.register(claimant.session, claimant.child);
  return claimant;
}

async function examine(clock?: Clock): Promise<readonly DoctorCheck[]> {
  return new Inspector(fixture.broker, clock).doctor();
}

function findingsIn(checks: readonly DoctorCheck[]): DoctorFinding[] {
  return checks.flatMap(({ findings }) => [...findings]);
}

/** Runs the command of a finding, on the server of the test. */
async function repair({ command = '' }: DoctorFinding): Promise<void> {
  const line = command.replaceAll('redis-cli', `redis-cli -p ${fixture.server.port}`);
  await promisify(execFile)('bash', ['-c', `set -e; ${line}`]);
}

interface Fault {
  readonly code: DoctorCode;
  readonly where: string | RegExp;
  /** in place of good ones */
  readonly args?: readonly string[];
  readonly cause?: () => Promise<unknown>;
  readonly clock?: Clock;
  /** what happens after the command of the finding, which then is gone */
  readonly repaired?: () => Promise<unknown>;
}

const nothing = async (): Promise<void> => {};
const KEY = '{nestwork}:';
const AT_SERVER = /^127\.0\.0\.1:\d+$/;
const AT_WORKER = /^worker \w{8} \(process 7 on host-1\)$/;

const FAULTS: Fault[] = [
  { code: 'replica', where: AT_SERVER, cause: () => fixture.redis.replicaof('127.0.0.1', 1) },
  { code: 'foreign-format', where: `${KEY}format`, cause: () => fixture.redis.set(`${KEY}format`, 'nestwork/9') },
  {
    code: 'eviction-policy',
    where: AT_SERVER,
    args: [...GOOD, '--maxmemory-policy', 'allkeys-lru'],
    repaired: nothing,
  },
  { code: 'no-append-file', where: AT_SERVER, args: ['--maxmemory', '100mb'], repaired: nothing },
  { code: 'failed-save', where: AT_SERVER, args: [...GOOD, '--dbfilename', 'vain.rdb'], cause: saveInVain },
  { code: 'fsync-off', where: AT_SERVER, args: [...GOOD, '--appendfsync', 'no'], repaired: nothing },
  { code: 'no-memory-limit', where: AT_SERVER, args: ['--appendonly', 'yes'], repaired: nothing },
  { code: 'memory-short', where: AT_SERVER, cause: nearlyFull, repaired: nothing },
  { code: 'clock-skew', where: 'this machine', clock: () => Date.now() + 5_000 },
  { code: 'clock-skew', where: 'this machine', clock: () => Date.now() - 5_000 },
  {
    code: 'sender-clock',
    where: 'queue default',
    cause: () => fixture.broker.enqueue('default', [messageOf(Date.now() + HOUR_MS)]),
  },
  { code: 'worker-clock', where: 'host host-9', cause: runInTheFuture },
  { code: 'foreign-key', where: `${KEY}mine`, cause: () => fixture.redis.set(`${KEY}mine`, '1'), repaired: nothing },
  {
    code: 'wrong-type',
    where: `${KEY}dead:default`,
    cause: () => fixture.redis.set(`${KEY}dead:default`, '1'),
    repaired: nothing,
  },
  { code: 'orphaned-claims', where: /^\{nestwork\}:claims:/, cause: orphan, repaired: reap },
  { code: 'no-children', where: AT_WORKER, cause: () => worker({ upMs: 60_000 }) },
  { code: 'lease-over', where: AT_WORKER, cause: loseLease },
  {
    code: 'no-digest',
    where: AT_WORKER,
    cause: async () => fixture.redis.del(`${KEY}digest:${(await healthy()).session}`),
  },
  { code: 'stale-digest', where: AT_WORKER, cause: staleDigest },
  { code: 'mixed-versions', where: 'the workers', cause: () => healthy({ version: '1.1.0' }) },
  {
    code: 'mixed-tags',
    where: 'the workers',
    cause: async () => fixture.redis.hset(`${KEY}session:${(await healthy()).session}`, '@reads', 'fsx'),
  },
  { code: 'cron-differs', where: 'cron Reports.daily', cause: differ },
  { code: 'zone-data-differs', where: 'the workers', cause: () => haveZoneData('2019c', undefined) },
  { code: 'zone-data-differs', where: 'this machine', cause: () => haveZoneData('2019c', '2019c') },
  { code: 'unreadable-cron', where: 'cron Reports.daily', cause: () => healthy({ crons: [ON_MARS] }) },
  { code: 'orphaned-crons', where: 'task Gone.task in queue default', cause: orphanCron },
  { code: 'limit-differs', where: 'limit stripe', cause: differInALimit },
  { code: 'limit-closed', where: 'limit stripe for acme', cause: closeLongAgo },
  { code: 'no-worker', where: 'queue bulk', cause: strand },
  { code: 'no-worker', where: 'queue bulk', cause: quieten },
  { code: 'no-worker', where: 'queue typo', cause: () => fixture.broker.enqueue('typo', fixture.messages(1)) },
  { code: 'shared-queue', where: 'queue default', cause: share },
  {
    code: 'unknown-name',
    where: 'queue default',
    cause: () => fixture.broker.enqueue('default', [fixture.message('Gone.task')]),
  },
  { code: 'foreign-message', where: 'queue default', cause: () => fixture.redis.rpush(`${KEY}queue:default`, 'hello') },
  { code: 'outbox-unrelayed', where: 'outbox tasks', cause: () => noteOutbox({ waiting: 2 }, 90_000) },
  { code: 'outbox-late', where: 'outbox tasks', cause: () => noteOutbox({ waiting: 2, oldestMs: 61_000 }) },
  { code: 'outbox-aside', where: 'outbox tasks', cause: () => noteOutbox({ putAside: 1 }) },
  { code: 'long-pause', where: 'queue default', cause: pauseLongAgo },
  { code: 'dead-growing', where: 'queue default', cause: dieNow },
];

function messageOf(enqueuedAt: number): string {
  return encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt });
}

/** A directory lies where the snapshot should. */
async function saveInVain(): Promise<void> {
  mkdirSync(join(fixture.server.directory, 'vain.rdb'));
  await fixture.redis.bgsave();
  while (!/rdb_last_bgsave_status:err/.test(await fixture.redis.info('persistence')));
}

async function nearlyFull(): Promise<void> {
  const [, used = ''] = /used_memory:(\d+)/.exec(await fixture.redis.info('memory')) ?? [];
  await fixture.redis.config('SET', 'maxmemory', Math.ceil(1.1 * Number(used)));
}

async function runInTheFuture(): Promise<void> {
  const claimant = await healthy();
  await fixture.broker.crons.declare([CRON], 1_000);
  const run = { id: fixture.ids.next(), attempt: 1, durationMs: 1, outcome: 'done' as const, host: 'host-9', pid: 9 };
  await fixture.broker.crons.recordRun(claimant, CRON.name, { ...run, startedAt: Date.now() + HOUR_MS });
}

/** The hash of a session is gone, and so no worker can find the children that it had. */
async function orphan(): Promise<void> {
  const claimant = await healthy();
  await fixture.broker.enqueue('default', fixture.messages(2));
  await fixture.claim(claimant);
  await fixture.redis.del(`${KEY}session:${claimant.session}`, `${KEY}digest:${claimant.session}`);
  await fixture.redis.zrem(`${KEY}sessions`, claimant.session);
}

/** As a worker does it a moment after the command. */
async function reap(): Promise<void> {
  const { sessions } = await fixture.broker.overdue(30_000);
  expect(sessions).toHaveLength(1);
  for (const session of sessions) expect(await fixture.broker.reap(session, 30_000)).toBe(2);
  expect(await fixture.redis.llen(`${KEY}queue:default`)).toBe(2);
}

async function loseLease(): Promise<void> {
  const { session } = await healthy();
  await fixture.redis.zadd(`${KEY}sessions`, Date.now() - HOUR_MS, session);
}

async function staleDigest(): Promise<void> {
  const { session } = await healthy();
  const json = JSON.stringify(digest('1.0.0', 0));
  await fixture.redis.set(`${KEY}digest:${session}`, `${Date.now() - 20_000} ${json}`);
}

async function orphanCron(): Promise<void> {
  await healthy();
  const cron = { ...ON_MARS, name: 'tenant-7', task: 'Gone.task', schedule: { everyMs: 60_000 } };
  await fixture.broker.crons.runTime.set(cron, { at: 0 });
}

async function differ(): Promise<void> {
  await healthy({ crons: [CRON] });
  await healthy({ crons: [{ ...CRON, schedule: { expression: '0 9 * * *', timeZone: 'UTC' } }] });
}

/** Workers fire a cron by the clock of Paris, with time zone data of these versions; undefined is that of this Node. */
async function haveZoneData(...versions: readonly (string | undefined)[]): Promise<void> {
  for (const version of versions) {
    const { session } = await healthy({ crons: [IN_PARIS] });
    if (version !== undefined) await fixture.redis.hset(`${KEY}session:${session}`, '@tz', version);
  }
}

async function differInALimit(): Promise<void> {
  await healthy({ limits: [STRIPE] });
  await healthy({ limits: [{ ...STRIPE, concurrency: 7 }] });
}

const setTo0 = (key: string) =>
  new Inspector(fixture.broker).limits.set('stripe', { key, concurrency: 0 }, { by: 'anna' });

/** Two keys, long ago, and a third one just now. */
async function closeLongAgo(): Promise<void> {
  await healthy({ limits: [STRIPE] });
  await setTo0('acme');
  await setTo0('bell');
  for (const [field, entry] of Object.entries(await fixture.redis.hgetall(`${KEY}limits`)))
    await fixture.redis.hset(
      `${KEY}limits`,
      field,
      entry.replace(/"since":\d+/, `"since":${Date.now() - 50 * HOUR_MS}`),
    );
  await setTo0('crow');
}

/** A worker has served the queue, and is gone. */
async function strand(): Promise<void> {
  const { session } = await worker({ queues: ['bulk'] });
  await fixture.broker.closeSession(session);
  await fixture.broker.enqueue('bulk', fixture.messages(1));
}

async function quieten(): Promise<void> {
  await healthy({ state: 'quiet', queues: ['bulk'] });
  await fixture.broker.enqueue('bulk', fixture.messages(1));
}

async function share(): Promise<void> {
  for (const name of ['shop', 'mail']) {
    const { session } = await healthy();
    await fixture.redis.hset(
      `${KEY}session:${session}`,
      '@app',
      encodeAppTasks({ name, digests: new Map([['default', name.padEnd(8, '_')]]) }),
    );
  }
}

async function pauseLongAgo(): Promise<void> {
  await fixture.broker.pauses.pause('default', { forMs: undefined, by: 'anna', reason: 'deploy' });
  const pause = (await fixture.redis.hget(`${KEY}pauses`, 'default')) ?? '';
  const longAgo = pause.replace(/"since":\d+/, `"since":${Date.now() - 50 * HOUR_MS}`);
  expect(longAgo).not.toBe(pause);
  await fixture.redis.hset(`${KEY}pauses`, 'default', longAgo);
}

async function dieNow(): Promise<void> {
  const now = Date.now();
  const old = { diedAt: now - 5 * HOUR_MS };
  await seedDead(fixture, [old, old, ...Array.from({ length: 12 }, () => ({ diedAt: now }))]);
}

describe('on a server and a namespace with which nothing is wrong', () => {
  it('every check is ok', async () => {
    fixture = await BrokerFixture.start(GOOD);
    await healthy({ crons: [CRON] });
    await fixture.broker.enqueue('default', fixture.messages(3));
    const checks = await examine();
    expect(checks.map(({ check }) => check)).toEqual(Object.keys(CHECKS));
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(checks.find(({ check }) => check === 'names')?.summary).toBe('Looked at 3 of 3 tasks that wait.');
  });

  it('every check is ok before the first worker', async () => {
    fixture = await BrokerFixture.start(GOOD);
    expect((await examine()).filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('a fault is found, and nothing else:', () => {
  it.each(FAULTS.map((fault) => [fault.code, fault] as const))('%s', async (code, fault) => {
    fixture = await BrokerFixture.start(fault.args ?? GOOD);
    await healthy();
    await fault.cause?.();
    const findings = findingsIn(await examine(fault.clock));
    expect(findings).toEqual([
      expect.objectContaining({
        code,
        where: typeof fault.where === 'string' ? fault.where : expect.stringMatching(fault.where),
      }),
    ]);
    const [found] = findings as [DoctorFinding];
    expect(found.what).toMatch(/\.$/);
    expect(found.remedy).toMatch(/[.:]/);
    if (!fault.repaired) return;
    await repair(found);
    await fault.repaired();
    expect(findingsIn(await examine())).toEqual([]);
  });

  it('cluster-node, on which the checks of keys cannot look', async () => {
    const server = await RedisServer.start({ args: ['--cluster-enabled', 'yes', ...GOOD] });
    const broker = new RedisBroker({
      redis: server.url,
      namespace: 'nestwork',
      queues: [],
      commandTimeoutMs: 5_000,
      check: 'none',
    });
    try {
      await broker.connect();
      const checks = await new Inspector(broker).doctor();
      expect(findingsIn(checks)).toMatchObject([{ code: 'cluster-node' }]);
      expect(checks.find(({ check }) => check === 'format')).toMatchObject({
        status: 'unchecked',
        summary: expect.stringContaining('CLUSTERDOWN'),
      });
    } finally {
      await broker.close();
      await server.stop();
    }
  });

  it('too-old, in what a Redis 6 reports', () => {
    const { findings } = judgeVersion(parseServerFacts('# Server\r\nredis_version:6.2.14\r\n'), 'redis.internal:6379');
    expect(findings).toMatchObject([{ code: 'too-old', what: expect.stringContaining('6.2.14') }]);
  });
});

describe('time zone data of different versions', () => {
  const OWN = process.versions.tz;
  const crons = async () => (await examine()).find(({ check }) => check === 'crons');

  it('are found where workers have them: with both versions, their workers, and the crons concerned', async () => {
    fixture = await BrokerFixture.start(GOOD);
    const hourly: CronDeclaration = { ...CRON, name: 'Reports.hourly', schedule: { everyMs: HOUR_MS } };
    const { session } = await healthy({ crons: [IN_PARIS, hourly, { ...CRON, name: 'Reports.utc' }] });
    await fixture.redis.hset(`${KEY}session:${session}`, '@tz', '2019c');
    await healthy({ crons: [IN_PARIS] });
    expect(await crons()).toMatchObject({
      status: 'findings',
      findings: [
        {
          what: expect.stringMatching(
            `^The workers have different time zone data: 2019c \\(.*\\), ${OWN} \\(.*\\)\\. .* It concerns Reports\\.daily\\.$`,
          ),
          remedy: expect.stringContaining('same version of Node'),
          command: 'npx nestwork workers ls',
        },
      ],
    });
  });

  it('are found where workers that declare no cron serve the queue of one that was set at run time', async () => {
    fixture = await BrokerFixture.start(GOOD);
    const { session } = await healthy();
    await healthy();
    await fixture.redis.hset(`${KEY}session:${session}`, '@tz', '2019c');
    const report = { ...IN_PARIS, name: 'report.eu', task: 'Some.task' };
    expect(await crons()).toMatchObject({ status: 'ok', summary: 'No worker declares a cron.' });
    const { runTime } = fixture.broker.crons;
    await runTime.own(['default', 'other'].map((queue) => ({ queue, task: 'Some.task' })));
    await runTime.set({ ...report, queue: 'other' }, { at: 0 });
    expect(await crons()).toMatchObject({ status: 'ok', summary: '0 crons. 1 cron was set at run time.' });
    await runTime.set(report, { at: 0 });
    const what = expect.stringContaining('It concerns report.eu.');
    expect(await crons()).toMatchObject({ findings: [{ where: 'the workers', what }] });
  });

  it('are found where this machine has others than the workers', async () => {
    fixture = await BrokerFixture.start(GOOD);
    await haveZoneData('2019c', '2019c');
    const what = expect.stringContaining(`Its Node has the time zone data ${OWN}, the workers have 2019c.`);
    expect(await crons()).toMatchObject({ findings: [{ where: 'this machine', what }] });
  });

  it.each<[string, CronDeclaration]>([
    ['of UTC', CRON],
    ['with a fixed distance to UTC', { ...CRON, schedule: { expression: '0 8 * * *', utcOffset: 120 } }],
    ['that is an interval', { ...CRON, schedule: { everyMs: HOUR_MS } }],
    ['of a zone with a fixed clock', { ...CRON, schedule: { expression: '0 8 * * *', timeZone: 'Etc/GMT+5' } }],
  ])('do not concern a cron %s', async (_, cron) => {
    fixture = await BrokerFixture.start(GOOD);
    const { session } = await healthy({ crons: [cron] });
    await healthy({ crons: [cron] });
    await fixture.redis.hset(`${KEY}session:${session}`, '@tz', '2019c');
    expect(await crons()).toMatchObject({ status: 'ok', summary: '1 cron.' });
  });

  it('are unknown of an older worker, which is no finding', async () => {
    fixture = await BrokerFixture.start(GOOD);
    const { session } = await healthy({ crons: [IN_PARIS] });
    expect(await fixture.redis.hget(`${KEY}session:${session}`, '@tz')).toBe(OWN);
    await healthy({ crons: [IN_PARIS] });
    await fixture.redis.hdel(`${KEY}session:${session}`, '@tz');
    expect(await crons()).toMatchObject({ status: 'ok' });
  });
});

describe('a cron of a zone that this machine does not know', () => {
  it('is named with the zone, and is shown without a next run by everything that looks at it', async () => {
    fixture = await BrokerFixture.start(GOOD);
    await healthy({ crons: [ON_MARS] });
    await fixture.broker.crons.declare([ON_MARS], 1_000);
    const inspector = new Inspector(fixture.broker);
    const unreadable = 'The time zone "Mars/Olympus" of cron "Reports.daily" does not exist.';
    const [found] = findingsIn(await inspector.doctor());
    expect(found).toMatchObject({ code: 'unreadable-cron', what: expect.stringContaining(unreadable) });
    expect(found?.remedy).toContain('versions of Node');
    const [listed] = await inspector.crons.list();
    expect(listed).toMatchObject({ name: 'Reports.daily', declared: true, nextRun: undefined, unreadable });
    expect(await inspector.crons.nextRuns('Reports.daily')).toEqual([]);
    expect((await inspector.status()).crons).toMatchObject([{ nextRun: undefined, unreadable }]);
    expect(await inspector.crons.declarers('Reports.daily')).toMatchObject([{ differs: undefined, fires: true }]);
  });
});

it('a cron set at run time of a zone that this machine does not know is named', async () => {
  fixture = await BrokerFixture.start(GOOD);
  await healthy();
  await fixture.broker.crons.runTime.set({ ...ON_MARS, name: 'report.mars', task: 'Some.task' }, { at: 0 });
  const inspector = new Inspector(fixture.broker);
  expect(findingsIn(await inspector.doctor())).toMatchObject([
    { code: 'unreadable-cron', where: 'cron report.mars' },
    { code: 'orphaned-crons', what: expect.stringContaining('report.mars is not fired') },
  ]);
  const unreadable = 'The time zone "Mars/Olympus" of cron "report.mars" does not exist.';
  expect(await inspector.crons.list()).toMatchObject([{ name: 'report.mars', nextRun: undefined, unreadable }]);
  expect(await inspector.crons.nextRuns('report.mars')).toEqual([]);
});

describe('a limit that was set to 0', () => {
  it('is counted at once, and its finding says who has set it, since when, until when, and how to reset it', async () => {
    fixture = await BrokerFixture.start(GOOD);
    await healthy({ limits: [{ ...STRIPE, keyed: false }] });
    const { limits } = new Inspector(fixture.broker);
    await limits.set('stripe', { concurrency: 0 }, { by: 'anna', for: '5d' });
    const check = async () => (await examine()).find((one) => one.check === 'limits');
    expect(await check()).toEqual({
      check: 'limits',
      status: 'ok',
      summary: '1 limit. 1 limit or key is set to 0.',
      findings: [],
    });
    const [field = '', entry = ''] =
      Object.entries(await fixture.redis.hgetall(`${KEY}limits`)).find(([name]) => name.endsWith('!')) ?? [];
    const longAgo = entry.replace(/"since":\d+/, `"since":${Date.now() - 50 * HOUR_MS}`);
    await fixture.redis.hset(`${KEY}limits`, field, longAgo);
    const { findings: [found] = [] } = (await check()) ?? {};
    expect(found?.what).toMatch(
      /^anna set it to 0 2 days ago \(\d{4}-\S+ \S+Z\), until \d{4}-\S+ \S+Z\. Nothing starts under it\.$/,
    );
    expect(found?.command).toBe('npx nestwork limits reset stripe');
    await limits.reset('stripe');
    expect((await check())?.summary).toBe('1 limit.');
  });
});

describe('the codes of findings', () => {
  it('are all tested here', () => {
    const tested = [...FAULTS.map(({ code }) => code), 'cluster-node', 'too-old'];
    expect(tested).toEqual(expect.arrayContaining(Object.keys(CODES)));
  });

  it('and the names of checks are all in docs/cli.md', () => {
    const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word);
    expect(documented).toEqual(expect.arrayContaining([...Object.keys(CHECKS), ...Object.keys(CODES)]));
  });
});

describe('a check that may not look', () => {
  it('says why, and is no finding', async () => {
    fixture = await BrokerFixture.start([...GOOD, '--rename-command', 'CONFIG', '']);
    await healthy();
    const checks = await examine();
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([
      {
        check: 'fsync',
        status: 'unchecked',
        summary: expect.stringContaining("unknown command 'config'"),
        findings: [],
      },
    ]);
  });

  it('of a user without INFO leaves the others as they are', async () => {
    fixture = await BrokerFixture.start(GOOD);
    await healthy();
    const rules = ['on', '>secret', '~*', '+@all', '-info', '-config'];
    await fixture.redis.call('ACL', 'SETUSER', 'narrow', ...rules);
    const redis = fixture.server.url.replace('://', '://narrow:secret@');
    const broker = new RedisBroker({ redis, namespace: 'nestwork', queues: [], commandTimeoutMs: 5_000 });
    try {
      await broker.connect();
      const checks = await new Inspector(broker).doctor();
      const unchecked = checks.filter(({ status }) => status === 'unchecked').map(({ check }) => check);
      expect(unchecked).toEqual(['version', 'database', 'eviction', 'persistence', 'fsync', 'memory']);
      expect(findingsIn(checks)).toEqual([]);
    } finally {
      await broker.close();
    }
  });
});

it('a scan that has no time left says how far it looked', async () => {
  fixture = await BrokerFixture.start(GOOD);
  const other = new Redis(fixture.server.url);
  await Promise.all(Array.from({ length: 3_000 }, (_, at) => other.set(`other:${at}`, '1')));
  other.disconnect();
  const checks = await new Inspector(fixture.broker).doctor({ within: 0 });
  expect(checks.find(({ check }) => check === 'keys')).toMatchObject({
    status: 'ok',
    summary: expect.stringMatching(/looked at about 500 of 300\d keys of the database \(--within looks longer\)/),
  });
});

it('a server that goes away ends the examination', async () => {
  fixture = await BrokerFixture.start(GOOD);
  await fixture.server.kill();
  const broker = new RedisBroker({
    redis: fixture.server.url,
    namespace: 'nestwork',
    queues: [],
    commandTimeoutMs: 300,
  });
  await expect(new Inspector(broker).doctor()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  await broker.close();
});
