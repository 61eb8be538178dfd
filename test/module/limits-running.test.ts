import { Injectable } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { Inspector } from '../../src/inspector/inspector.js';
import type { LimitInspector } from '../../src/inspector/limits/limit-inspector.js';
import { limitKey } from '../../src/message/limit-tag.js';
import { RetryTask } from '../../src/policy/task-errors.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { eventually } from '../support/eventually.js';
import { Apps } from './apps.js';

const order: string[] = [];
const running = new Map<string, number>();
const most = new Map<string, number>();
const gates = new Map<string, () => void>();
const refused = new Set<string>();

/** Notes how many run at once under a name. */
async function within(name: string, run: () => Promise<void>): Promise<void> {
  running.set(name, (running.get(name) ?? 0) + 1);
  most.set(name, Math.max(most.get(name) ?? 0, running.get(name) ?? 0));
  try {
    await run();
  } finally {
    running.set(name, (running.get(name) ?? 0) - 1);
  }
}

@Injectable()
class LimitedTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ limits: [{ name: 'stripe', concurrency: 2, key: (tenant: string) => tenant }] })
  async charge(tenant: string): Promise<void> {
    await within(tenant, () => new Promise((resolve) => setImmediate(resolve)));
    order.push(tenant);
  }

  @Task({ limits: [{ name: 'one', concurrency: 1 }] })
  async alone(label: string): Promise<void> {
    order.push(label);
    await new Promise<void>((resolve) => {
      if (label.startsWith('gate')) gates.set(label, resolve);
      else resolve();
    });
  }

  @Task({ limits: [{ name: 'turns', concurrency: 1 }], fair: (tenant: string) => tenant })
  async turn(tenant: string, label: string): Promise<void> {
    order.push(`${tenant}${label}`);
    if (label === 'gate') await new Promise<void>((resolve) => gates.set('gate', resolve));
  }

  @Task({ limits: [{ name: 'pace', rate: '100/s', burst: 1 }] })
  paced(label: string): void {
    order.push(label);
  }

  @Task({ limits: [{ name: 'crm', concurrency: 5, key: (account: string) => account }] })
  push(account: string, label: string): void {
    if (refused.delete(label)) throw new RetryTask({ in: '300ms', limit: 'crm' });
    order.push(`${account}${label}${this.context.attempt}`);
  }

  @Task({
    limits: [{ name: 'ledger', concurrency: 1, ordered: true, key: (account: string) => account }],
    retries: 3,
    backoff: { type: 'fixed', delay: '100ms' },
  })
  post(account: string, label: string): void {
    if (refused.delete(label)) throw new Error('not now');
    order.push(`${account}${label}`);
  }

  @Task()
  async plain(label: string): Promise<void> {
    await within('plain', async () => {
      if (label.startsWith('gate')) await new Promise<void>((resolve) => gates.set(label, resolve));
    });
    order.push(label);
  }

  @Task({ queue: 'mail' })
  async mail(): Promise<void> {
    await within('mail', () => new Promise((resolve) => setImmediate(resolve)));
    order.push('mail');
  }
}

let apps: Apps;
let limits: LimitInspector;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(async () => {
  for (const open of gates.values()) open();
  gates.clear();
  order.length = 0;
  most.clear();
  refused.clear();
  await apps.close();
});
afterAll(() => apps.stop());

async function start() {
  const queues = ['default', { name: 'mail', limit: { concurrency: 3 } }];
  const imports = [apps.queue({ inProcess: { concurrency: 10 }, queues })];
  const app = await apps.boot({ imports, providers: [LimitedTasks] });
  limits = app.get(Inspector).limits;
  return app.get(QueueClient).of(LimitedTasks);
}

const open = async (gate: string): Promise<void> => {
  await eventually(() => expect(gates.has(gate)).toBe(true));
  gates.get(gate)?.();
};

const noted = (count: number): Promise<void> => eventually(() => expect(order).toHaveLength(count));

/** When all has ended, Redis has nothing of limits but what apps declare. */
const nothingLeft = (): Promise<void> =>
  eventually(async () => {
    const left = ['slots', 'held:default', 'ready:default', 'waiters', 'limit-labels', 'held:mail'];
    expect(await apps.redis.exists(left.map((name) => `{nestwork}:${name}`))).toBe(0);
  });

it('a limit with keys lets so many run with each key, and all of them in the end', async () => {
  const tasks = await start();
  await tasks.charge.delayMany(Array.from({ length: 60 }, (_, at): [string] => [`tenant ${at % 3}`]));
  await noted(60);
  expect([...most.values()].every((count) => count <= 2)).toBe(true);
  await nothingLeft();
});

it('the limit of a queue counts all of its tasks', async () => {
  const tasks = await start();
  await tasks.mail.delayMany(Array.from({ length: 40 }, (): [] => []));
  await noted(40);
  expect(most.get('mail')).toBeLessThanOrEqual(3);
  await nothingLeft();
});

it('tasks that wait start by their priority, and then in the order in which they were sent', async () => {
  const tasks = await start();
  await tasks.alone.delay('gate');
  await eventually(() => expect(gates.has('gate')).toBe(true));
  await tasks.alone.delayMany([['a'], ['b']]);
  await tasks.alone.with({ priority: 2 }).delay('high');
  await tasks.alone.with({ priority: 9 }).delay('highest');
  await open('gate');
  await noted(5);
  expect(order).toEqual(['gate', 'highest', 'high', 'a', 'b']);
  await nothingLeft();
});

it('tenants take turns at a limit that is full', async () => {
  const tasks = await start();
  await tasks.turn.delay('a', 'gate');
  await eventually(() => expect(gates.has('gate')).toBe(true));
  await tasks.turn.delayMany(['1', '2', '3', '4'].map((label): [string, string] => ['a', label]));
  await tasks.turn.delayMany(['1', '2'].map((label): [string, string] => ['b', label]));
  await open('gate');
  await noted(7);
  expect(order.slice(1).filter((label) => label.startsWith('b'))).toEqual(['b1', 'b2']);
  // the first of b waits for one task of a at most, and so does its second
  expect(order.indexOf('b1')).toBeLessThanOrEqual(2);
  expect(order.indexOf('b2')).toBeLessThanOrEqual(4);
  await nothingLeft();
});

it('tasks that wait for a rate start without a further call', async () => {
  const tasks = await start();
  await tasks.paced.delayMany(['a', 'b', 'c', 'd'].map((label): [string] => [label]));
  await noted(4);
  expect(order).toEqual(['a', 'b', 'c', 'd']);
  await nothingLeft();
});

it('a task that stops its limit stops the others of its key alone, for that time', async () => {
  const tasks = await start();
  refused.add('1');
  await tasks.push.delay('acme', '1');
  const stop = `${limitKey('crm', 'acme')}.`;
  await eventually(async () => expect(await apps.redis.hexists('{nestwork}:limits', stop)).toBe(1));
  await tasks.push.delay('acme', '2');
  await tasks.push.delay('other', '3');
  await noted(3);
  expect(order[0]).toBe('other31');
  expect([...order].sort()).toEqual(['acme12', 'acme21', 'other31']);
  await eventually(async () => expect(await apps.redis.hexists('{nestwork}:limits', stop)).toBe(0));
  await nothingLeft();
});

it('an ordered limit keeps the order of a key while one of its tasks waits to be tried again', async () => {
  const tasks = await start();
  refused.add('1');
  await tasks.post.delayMany(['1', '2', '3'].map((label): [string, string] => ['a', label]));
  await tasks.post.delay('b', '4');
  await noted(4);
  expect(order.filter((label) => label.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(order[0]).toBe('b4');
  await nothingLeft();
});

it('a limit that is set higher while tasks wait lets them start, and lower kills none', async () => {
  const tasks = await start();
  await tasks.alone.delayMany([['gate 1'], ['gate 2'], ['gate 3']]);
  await eventually(() => expect(gates.has('gate 1')).toBe(true));
  await limits.set('one', { concurrency: 2 }, { by: 'anna' });
  await eventually(() => expect(gates.has('gate 2')).toBe(true));
  await limits.set('one', { concurrency: 1 });
  expect(await limits.get('one')).toMatchObject({ used: 2, concurrency: 1, waitingLines: 1 });
  for (const gate of ['gate 2', 'gate 1', 'gate 3']) await open(gate);
  await noted(3);
  await nothingLeft();
});

it('a queue without a limit gets one while its worker runs, and loses it with the reset', async () => {
  const tasks = await start();
  await limits.set('queue default', { concurrency: 1 }, { by: 'anna' });
  const labels = ['gate 1', 'gate 2', 'gate 3'];
  await tasks.plain.delayMany(labels.map((label): [string] => [label]));
  await eventually(() => expect(gates.has('gate 1')).toBe(true));
  expect(await limits.get('queue default')).toMatchObject({ used: 1, waitingTasks: 2 });
  await open('gate 1');
  await eventually(() => expect(gates.has('gate 2')).toBe(true));
  expect(most.get('plain')).toBe(1);
  await limits.reset('queue default', { by: 'anna' });
  await eventually(() => expect(gates.has('gate 3')).toBe(true));
  expect(most.get('plain')).toBe(2);
  for (const label of labels.slice(1)) await open(label);
  await noted(3);
  expect(await apps.redis.hexists('{nestwork}:gates', 'default')).toBe(0);
  await nothingLeft();
});

it('a queue without a limit that is set to 0 for a time starts nothing until its end', async () => {
  const tasks = await start();
  const { until } = await limits.set('queue default', { concurrency: 0 }, { for: '300ms' });
  await tasks.plain.delay('plain');
  await noted(1);
  expect(Date.now()).toBeGreaterThanOrEqual(until?.getTime() ?? Number.POSITIVE_INFINITY);
  await nothingLeft();
});

it.each([
  ['one', 'alone'],
  ['queue mail', 'mail'],
] as const)(
  'the limit %s that is set to 0 for a time lets tasks start at its end, without a further call',
  async (name, task) => {
    const tasks = await start();
    const { until } = await limits.set(name, { concurrency: 0 }, { for: '300ms' });
    await (task === 'mail' ? tasks.mail.delay() : tasks.alone.delay('alone'));
    await noted(1);
    expect(Date.now()).toBeGreaterThanOrEqual(until?.getTime() ?? Number.POSITIVE_INFINITY);
    expect(await limits.get(name)).toMatchObject({ override: undefined });
    await nothingLeft();
  },
);
