import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import type { ActionListOptions, ActionRecord } from '../../src/inspector/actions/action-log.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';

const ACTIONS = '{nestwork}:actions';
const BY = { by: 'anna' };
const SESSION = '4f1c09aa-30000';

const CRON: CronDeclaration = {
  name: 'Some.cron',
  queue: 'default',
  schedule: { everyMs: 3_600_000 },
  missed: 'skip',
  thresholdMs: 10_000,
  overlap: 'skip',
  disabled: false,
};

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  inspector = new Inspector(fixture.broker);
  const catalog = [{ name: 'Some.task', queue: 'default' }];
  const queues = ['default', 'bulk'];
  const description = { session: SESSION, leaseMs: 30_000, queues, host: 'test', pid: 1, catalog };
  await fixture.broker.openSession(description);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** What was recorded, the first first: `anna pause default 1`. */
async function recorded(): Promise<string[]> {
  const actions = await inspector.actions.list({ limit: 1_000 });
  return actions.map(({ by, action, subject, count }) => `${by} ${action} ${subject} ${count}`).reverse();
}

/** So many dead tasks. */
async function dead(count: number, queue = 'default'): Promise<string[]> {
  const messages = fixture.messages(count);
  const child = await fixture.holderOf(messages, queue);
  const ids = messages.map(idOf);
  const report = { code: 'TASK_FAILED', task: 'Some.task', error: 'Error: x', host: 'test', pid: 1 };
  for (const id of ids) await fixture.broker.bury(child, { id, queue }, report);
  return ids;
}

describe('the record of actions', () => {
  it('has those on queues with their author; one that changed nothing is not recorded', async () => {
    const { queues } = inspector;
    await queues.resume('default', BY);
    await queues.pause('default', { ...BY, for: '1h' });
    await queues.resume('default', { by: 'bert' });
    expect(await recorded()).toEqual(['anna pause default 1', 'bert resume default 1']);
    const [last] = await inspector.actions.list({ limit: 1 });
    expect(last?.details).toBeUndefined();
    expect(Math.abs((last as ActionRecord).at.getTime() - (await fixture.now()))).toBeLessThan(10_000);
  });

  it('has those on single tasks', async () => {
    const { tasks } = inspector;
    const { id } = await tasks.send('Some.task', [], { ...BY, delay: '1h' });
    await tasks.moveTo(id, '2h', BY);
    await tasks.runNow(id, BY);
    await tasks.runNow(id, BY);
    await tasks.cancel(id, BY);
    await tasks.cancel(id, BY);
    const actions = [`send Some.task ${id}`, `move ${id}`, `run-now ${id}`, `cancel ${id}`];
    expect(await recorded()).toEqual(actions.map((action) => `anna ${action} 1`));
  });

  it('has a purge once, with its filter and count', async () => {
    await fixture.broker.enqueue('default', fixture.messages(3));
    await inspector.tasks.purge('default', { task: 'Other.task' }, BY);
    await inspector.tasks.purge('default', { task: 'Some.task' }, BY);
    expect(await recorded()).toEqual(['anna purge default task=Some.task 3']);
  });

  it('has those on dead tasks, a bulk action once, and one without a name as that of an app', async () => {
    const [first = '', second = ''] = await dead(10);
    await inspector.dead.redrive(first, BY);
    await inspector.dead.redrive(first, BY);
    await inspector.dead.delete(second);
    await inspector.dead.redriveAll({ code: 'CRASHED' }, BY);
    await inspector.dead.redriveAll({ code: 'TASK_FAILED' }, BY);
    await dead(2, 'bulk');
    await inspector.dead.deleteAll({}, BY);
    expect(await recorded()).toEqual([
      `anna redrive ${first} 1`,
      `undefined delete ${second} 1`,
      'anna redrive code=TASK_FAILED 8',
      'anna delete all 2',
    ]);
  });

  it('has a bulk action that was stopped, with what it had done', async () => {
    await dead(10);
    const stop = new AbortController();
    const onProgress = ({ done }: { readonly done: number }): void => {
      if (done > 0) stop.abort(new Error('enough'));
    };
    const options = { ...BY, batchSize: 4, signal: stop.signal, onProgress };
    await expect(inspector.dead.deleteAll({}, options)).rejects.toThrow('enough');
    expect(await recorded()).toEqual(['anna delete all 4']);
  });

  it('has those on crons', async () => {
    const { crons } = inspector;
    await fixture.broker.crons.declare([CRON], 60_000);
    await crons.pause('Some.cron', BY);
    await crons.resume('Some.cron', BY);
    await crons.runNow('Some.cron', BY);
    await crons.runNow('Some.cron');
    expect(await recorded()).toEqual(
      ['pause-cron', 'resume-cron', 'run-cron'].map((action) => `anna ${action} Some.cron 1`),
    );
  });

  it('has orders to workers', async () => {
    const child = { pid: 7, state: 'running', upMs: 1, running: 0, active: [] } as const;
    const digest = {
      state: 'running',
      inProcess: false,
      upMs: 1,
      bytes: 1,
      forked: 1,
      restarted: 0,
      restarts: [],
    } as const;
    await fixture.broker.workers.publish(SESSION, { ...digest, children: [child] }, 30_000);
    await inspector.workers.quiet('4f1c', BY);
    await inspector.workers.recycle('4f1c', { ...BY, child: 7 });
    await inspector.workers.stop('4f1c', BY);
    expect(await recorded()).toEqual([
      `anna quiet ${SESSION} 1`,
      `anna recycle ${SESSION} child 7 1`,
      `anna stop ${SESSION} 1`,
    ]);
  });

  it('keeps the last 1,000, each in one line', async () => {
    const { actions } = fixture.broker;
    for (let count = 1; count <= 1_010; count += 1)
      await actions.record({ action: 'purge', subject: `a\n${'x'.repeat(1_000)}`, count, by: 'anna' });
    const kept = await inspector.actions.list({ limit: 1_000 });
    expect(kept.map(({ count }) => count)).toEqual(Array.from({ length: 1_000 }, (_, at) => 1_010 - at));
    expect(kept[0]?.subject).toMatch(/^a\\nx+…$/);
    expect((await inspector.actions.list()).length).toBe(50);
  });

  it('is listed by action, author and time, the latest of those first', async () => {
    const { queues, actions } = inspector;
    await queues.pause('default', BY);
    await queues.pause('bulk', { by: 'bert' });
    await queues.resume('default', BY);
    const subjects = async (options: ActionListOptions): Promise<string[]> =>
      (await actions.list(options)).map(({ action, subject }) => `${action} ${subject}`);
    expect(await subjects({ action: 'pause' })).toEqual(['pause bulk', 'pause default']);
    expect(await subjects({ action: 'pause', limit: 1 })).toEqual(['pause bulk']);
    expect(await subjects(BY)).toEqual(['resume default', 'pause default']);
    expect(await subjects({ ...BY, action: 'pause', since: '1h' })).toEqual(['pause default']);
    const soon = new Date((await fixture.now()) + 60_000);
    expect(await subjects({ since: soon })).toEqual([]);
  });

  it('has a redrive that goes no further than its `limit`, with what it did', async () => {
    await dead(5);
    await inspector.dead.redriveAll({}, { ...BY, limit: 2 });
    expect(await recorded()).toEqual(['anna redrive all 2']);
  });

  it.each([
    { limit: 0 },
    { limit: 1_001 },
    { limit: '5' },
    { most: 5 },
    { action: 'dance' },
    { by: '' },
    { since: new Date(Number.NaN) },
  ])('refuses the options %j', async (options) => {
    await expect(inspector.actions.list(options as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each([{ by: '' }, { by: 7 }, { by: 'x'.repeat(257) }, { who: 'anna' }])('refuses the author %j', async (given) => {
    const { dead: deadLetters, crons } = inspector;
    const id = idOf(fixture.message());
    const options = given as never;
    for (const refused of [
      () => deadLetters.redrive(id, options),
      () => deadLetters.delete(id, options),
      () => deadLetters.redriveAll({}, options),
      () => crons.pause('Some.cron', options),
      () => crons.resume('Some.cron', options),
      () => crons.runNow('Some.cron', options),
    ])
      await expect(refused()).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('a record that cannot be written or read', () => {
  async function withWarnings(act: (broker: RedisBroker) => Promise<void>): Promise<string[]> {
    const warnings: string[] = [];
    const options = { namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 5_000 };
    const onWarning = (warning: string): void => void warnings.push(warning);
    const broker = new RedisBroker({ redis: fixture.settings, ...options, onWarning });
    await broker.connect();
    await act(broker);
    await broker.close();
    return warnings;
  }

  it('does not fail the action, and is named', async () => {
    await fixture.redis.set(ACTIONS, 'foreign');
    const warnings = await withWarnings(async (broker) => {
      const { queues, actions } = new Inspector(broker);
      expect(await queues.pause('default', BY)).toMatchObject({ by: 'anna' });
      expect(await actions.list()).toEqual([]);
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^The action pause was carried out, but it is not in the record of actions: WRONGTYPE /),
      expect.stringContaining(ACTIONS),
    ]);
  });

  it('of another version is passed over', async () => {
    await fixture.redis.xadd(ACTIONS, '*', 'action', 'dance', 'subject', 'x', 'count', '1', 'by', 'anna');
    await fixture.redis.xadd(ACTIONS, '*', 'colour', 'red');
    const warnings = await withWarnings(async (broker) => {
      expect(await new Inspector(broker).actions.list()).toEqual([]);
    });
    expect(warnings).toHaveLength(2);
  });
});
