/** A viewer with the rights of docs/redis-keys.md can look and not act; an operator can do both. */
import { Redis } from 'ioredis';
import { GROUPS } from '../../src/cli/program.js';
import { encodeDone } from '../../src/message/task-result.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type Ended, nestwork } from '../support/command-line.js';
import { seedDead } from '../support/dead-tasks.js';
import { memberOf, nodesOf, openGroup } from '../support/groups.js';
import { documentedRules, urlAs, userArgs } from '../support/least-rights.js';

const USERS = ['shop-viewer', 'shop-operator'] as const;
const CRON = { everyMs: 60_000 } as const;
const STRIPE = { name: 'stripe', concurrency: 1, keyed: true, ordered: false } as const;
const CHANGE = {
  key: undefined,
  most: 2,
  intervalUs: undefined,
  burst: undefined,
  forMs: undefined,
  by: 'anna',
} as const;
const CRON_OPTIONS = { missed: 'latest', overlap: 'allow', disabled: false, thresholdMs: 250 } as const;

let fixture: BrokerFixture;
beforeAll(async () => {
  const args = ['--appendonly', 'yes', '--maxmemory', '100mb'];
  const users = USERS.flatMap((user) => userArgs(user, documentedRules(user)));
  const server = await RedisServer.start({ args: [...args, ...users] });
  fixture = await BrokerFixture.on(server, { redis: server.url }, new Redis(server.url));
});
afterAll(() => fixture.stop());

/** What commands are about. */
let ids: Readonly<
  Record<'pending' | 'scheduled' | 'waiting' | 'active' | 'ended' | 'dead' | 'worker' | 'batch' | 'flow', string>
>;
beforeEach(async () => {
  await fixture.redis.flushall();
  await fixture.redis.set('{nestwork}:format', 'nestwork/1');
  const { broker } = fixture;
  await broker.crons.declare([{ name: 'Inbox.poll', queue: 'default', schedule: CRON, ...CRON_OPTIONS }], 5_000);
  const catalog = [
    ...['Some.task', 'Some.task0', 'Some.task1'].map((name) => ({ name, queue: 'default' })),
    { name: 'Inbox.poll', queue: 'default', crons: [{ name: 'Inbox.poll', schedule: CRON, ...CRON_OPTIONS }] },
  ];
  const report = { name: 'tenant-7.report', task: 'Some.task', queue: 'default', schedule: CRON, ...CRON_OPTIONS };
  await broker.crons.runTime.set(report, { at: 0 });
  await broker.crons.runTime.own([{ queue: 'default', task: 'Some.task' }]);
  const worker = `${fixture.ids.next()}-60000`;
  const place = { queues: ['default'], host: 'h', pid: 1 };
  await broker.openSession({ session: worker, leaseMs: 60_000, ...place, catalog, limits: [STRIPE] });
  await broker.limitRules.set({ ...STRIPE, ...CHANGE });
  await broker.register(worker, `${worker}.1`);
  const child = { pid: 2, state: 'running', upMs: 1, running: 0, active: [] } as const;
  const nothing = { forked: 1, children: [child], restarted: 0, restarts: [] };
  await broker.workers.publish(worker, { state: 'running', inProcess: false, upMs: 1, bytes: 1, ...nothing }, 60_000);
  const active = fixture.message();
  await broker.enqueue('default', [active]);
  await broker.claim({ session: worker, child: `${worker}.1`, queues: ['default'] }, { number: 1, limit: 1, acks: [] });
  const [pending, scheduled] = fixture.messages(2) as [string, string];
  await broker.enqueue('default', [pending]);
  await broker.enqueue('default', [scheduled], { in: 3_600_000 });
  const [dead = ''] = await seedDead(fixture, [{}]);
  const ended = fixture.ids.next();
  await fixture.redis.set(`{nestwork}:result:${ended}`, encodeDone([7]), 'EX', 60);
  const batch = await openGroup(broker.groups, fixture.ids.next());
  await broker.groups.add(batch, 'default', [memberOf(fixture, batch)]);
  const flow = await openGroup(broker.groups, fixture.ids.next(), { kind: 'flow' });
  await broker.groups.reserve(flow, 2);
  const { nodes } = nodesOf(fixture, flow, [[1], []]);
  await broker.groups.addNodes(flow, { nodes, starts: true });
  const waiting = idOf(nodes[1]?.message ?? '');
  const places = { pending: idOf(pending), scheduled: idOf(scheduled), active: idOf(active), waiting };
  ids = { ...places, ended, dead: idOf(dead), worker, batch, flow };
  await fixture.redis.call('ACL', 'LOG', 'RESET');
});

/** Each command, with arguments; a word in braces is the id of a task or worker. */
const VIEWING = [
  'status',
  'queues ls',
  'tasks ls',
  'tasks ls --state active',
  'tasks ls --state done --task Some.task',
  'actions ls',
  'actions ls --since 1h',
  'tasks ls --task Some.task',
  'tasks ls --task Some.task --key user-7',
  'tasks show {pending} --args',
  'tasks show {active}',
  'tasks show {waiting}',
  'tasks explain {waiting}',
  'tasks show {ended} --args',
  'tasks explain {ended}',
  'tasks explain {scheduled}',
  'tasks explain {dead}',
  'dead ls',
  'dead groups',
  'dead show {dead}',
  'batches ls',
  'batches ls --state failed',
  'batches show {batch}',
  'flows ls',
  'flows show {flow}',
  'flows show {flow} --all',
  'crons ls',
  'crons show Inbox.poll',
  'limits ls',
  'limits show stripe',
  'limits show stripe --keys',
  'limits show stripe --key acme',
  'workers ls --children',
  'doctor',
];
const ACTING = [
  'queues pause default --for 1h',
  'queues resume default',
  'queues purge default --yes',
  'tasks cancel {pending} --yes',
  'tasks cancel {scheduled} --yes',
  'tasks cancel {waiting} --yes',
  'batches cancel {batch} --yes',
  'flows cancel {flow} --yes',
  'tasks run {scheduled}',
  'tasks move {scheduled} --delay 1h',
  'tasks send Some.task [1]',
  'tasks send Some.task [1] --delay 1h',
  'tasks send Some.task [1] --key k',
  'dead redrive {dead} --yes',
  'dead redrive --all --yes',
  'dead redrive --all --limit 1 --yes',
  'dead delete {dead} --yes',
  'limits set stripe --key acme --rate 200/s --for 1h',
  'limits reset stripe --all-keys',
  'crons run Inbox.poll',
  'crons pause Inbox.poll',
  'crons resume Inbox.poll',
  'crons rm tenant-7.report --yes',
  'workers quiet {worker}',
  'workers stop {worker} --yes',
  'workers recycle {worker}',
];

/** It reads what `status` reads, and needs a terminal. */
const ON_A_TERMINAL = ['top'];
/** Its page does what the others do. */
const SERVING = ['dashboard'];
/** A worker connects by the settings of its app. */
const WITHOUT_REDIS = ['worker', 'completion', 'outbox sql', 'inbox sql'];
/** They start the app itself, with its own user. */
const IN_THE_APP = ['outbox ls', 'outbox retry', 'outbox relay'];

function run(line: string, user: (typeof USERS)[number]): Promise<Ended> {
  const words = line.split(' ').map((word) => word.replace(/^\{(\w+)\}$/, (_, name: keyof typeof ids) => ids[name]));
  return nestwork(words, { env: { NESTWORK_REDIS_URL: urlAs(user, fixture.server.url) } });
}

/** The commands that Redis refused, without those by which a client library introduces itself. */
async function refused(): Promise<string[]> {
  const log = (await fixture.redis.call('ACL', 'LOG')) as string[][];
  return log.map((entry) => entry.join(' ')).filter((entry) => !entry.includes('client|setinfo'));
}

it('every command is either one that looks or one that acts', () => {
  const listed = new Set([...VIEWING, ...ACTING].map((line) => line.split(' ').slice(0, 2).join(' ')));
  const all = GROUPS.flatMap(({ name, commands }) => commands.map((one) => `${name} ${one.name}`.trim()));
  expect(
    all.filter(
      (name) => !listed.has(name) && ![...WITHOUT_REDIS, ...IN_THE_APP, ...ON_A_TERMINAL, ...SERVING].includes(name),
    ),
  ).toEqual([]);
});

describe('a viewer', () => {
  it.each(VIEWING)('can run: %s', async (line) => {
    expect(await run(line, 'shop-viewer')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^(No .* (found|namespace|matches)\.\n)?$/),
    });
    const forbidden = await refused();
    // CONFIG would also show the passwords of the server, so its check is left out
    expect(forbidden.filter((entry) => line !== 'doctor' || !entry.includes('config|get'))).toEqual([]);
  });

  it.each(ACTING)('cannot run: %s', async (line) => {
    const before = await fixture.state();
    const { code, stderr } = await run(line, 'shop-viewer');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/REDIS_FORBIDDEN[\s\S]*It needs these rights: .*\+\w/)]);
    expect(await fixture.state()).toEqual(before);
  });

  it('has no command that changes a value', async () => {
    const redis = new Redis(urlAs('shop-viewer', fixture.server.url));
    const script = "return redis.call('DEL', KEYS[1])";
    await expect(redis.eval(script, 1, '{nestwork}:queue:default')).rejects.toThrow(
      /can't run this command|permission/,
    );
    await expect(redis.set('{nestwork}:queue:default', '1')).rejects.toThrow('NOPERM');
    await expect(redis.set('{nestwork}:watched', '1')).resolves.toBe('OK');
    redis.disconnect();
  });
});

describe('an operator', () => {
  it.each(ACTING)('can run: %s', async (line) => {
    expect(await run(line, 'shop-operator')).toMatchObject({ code: 0 });
    expect(await refused()).toEqual([]);
  });

  it('has each command that a viewer has', () => {
    const commands = documentedRules('shop-viewer').filter((rule) => rule.startsWith('+'));
    expect(documentedRules('shop-operator')).toEqual(
      expect.arrayContaining(commands.map((rule) => rule.replace(')', ''))),
    );
  });
});
