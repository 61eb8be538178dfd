import { jest } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { Broker, LimitedReply } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { BatchStatus } from '../../src/groups/batch-status.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { limitKey, limitKeysOf } from '../../src/message/limit-tag.js';
import { fairDigest, orderTagOf } from '../../src/message/order-tag.js';
import { tagLetters } from '../../src/message/tags.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { Apps } from '../module/apps.js';

interface User {
  tenant: string;
}

@Injectable()
class InvoiceTasks {
  @Task({
    limits: [
      { name: 'stripe', rate: '20/s', key: (user: User) => user.tenant },
      { name: 'mail', concurrency: 5 },
    ],
  })
  async charge(_user: User, _amount?: number): Promise<void> {}

  @Task({ fair: (user: User) => user.tenant, priority: 3, age: '5m' })
  async remind(_user: User): Promise<void> {}

  @Task({ limits: [{ name: 'drops', concurrency: 1, key: (user: User) => user.tenant, onLimit: 'drop' }] })
  async drop(_user: User): Promise<void> {}

  @Task({
    limits: [
      { name: 'mail', concurrency: 5 },
      { name: 'rejects', concurrency: 1, onLimit: 'reject' },
    ],
    result: '1m',
  })
  async reject(_user: User): Promise<string> {
    return '';
  }

  @Task({ limits: [{ name: 'mail', concurrency: 5 }] })
  async report(_status: BatchStatus): Promise<void> {}

  @Task({ limits: [{ name: 'status', concurrency: 5, key: (status: BatchStatus) => status.name }] })
  async keyedReport(_status: BatchStatus): Promise<void> {}

  @Task()
  async plain(_note?: unknown): Promise<void> {}
}

@Module({ providers: [InvoiceTasks] })
class InvoiceModule {}

const acme: User = { tenant: 'acme' };
const bolt: User = { tenant: 'bolt' };
const STRIPE_ACME = limitKey('stripe', 'acme');
const MAIL = limitKey('mail');

type Limited = jest.SpiedFunction<Broker['enqueueLimited']>;

let apps: Apps;
let queue: QueueClient;
let broker: Broker;
let limited: Limited;
let answers: LimitedReply[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => boot(true));
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function boot(hasTasks: boolean): Promise<Inspector> {
  const app = await apps.boot({
    imports: [apps.queue({ queues: ['default', 'bulk'] }), ...(hasTasks ? [InvoiceModule] : [])],
  });
  queue = app.get(QueueClient, { strict: false });
  broker = app.get(BROKER, { strict: false });
  answers = [];
  limited = jest
    .spyOn(broker, 'enqueueLimited')
    .mockImplementation(async (_queue, messages) => answers.shift() ?? { added: messages.length });
  const plain = broker.enqueueOne.bind(broker);
  jest.spyOn(broker, 'enqueueOne').mockImplementation(async (queue, message, labels) => {
    if (labels) await broker.enqueueLimited(queue, [message], { labels });
    else await plain(queue, message);
  });
  return app.get(Inspector, { strict: false });
}

/** The messages that the broker was given as limited. */
function sent(): string[] {
  return limited.mock.calls.flatMap(([, messages]) => messages);
}

const keysOfAll = (): string[][] => sent().map(limitKeysOf);

describe('delay() of a task with limits', () => {
  it('sends a message that counts for them, with the key in clear', async () => {
    const handle = await queue.of(InvoiceTasks).charge.delay(acme, 7);
    expect(handle).toMatchObject({ added: true, droppedBy: undefined, queue: 'default' });
    const labels = [STRIPE_ACME, 'acme'];
    expect(limited.mock.calls).toEqual([['default', [expect.stringMatching(handle.id)], { due: undefined, labels }]]);
    const [raw = ''] = sent();
    expect(tagLetters(raw)).toBe('ll');
    expect(decodeMessage(raw)).toMatchObject({ limits: [STRIPE_ACME, MAIL], args: [acme, 7] });
  });

  it('computes the keys from the arguments as they are at the call', async () => {
    const user = { tenant: 'acme' };
    const sending = queue.of(InvoiceTasks).charge.delay(user);
    user.tenant = 'bolt';
    await sending;
    expect(decodeMessage(sent()[0] ?? '')).toMatchObject({ limits: [STRIPE_ACME, MAIL], args: [{ tenant: 'acme' }] });
  });

  it('does so before a wrapper or a look into the catalog lets others run', async () => {
    const user = { tenant: 'acme' };
    const sending = queue.of<InvoiceTasks>('InvoiceTasks').charge.with({ queue: 'bulk' }).delay(user);
    user.tenant = 'bolt';
    await sending;
    expect(keysOfAll()).toEqual([[STRIPE_ACME, MAIL]]);
  });

  it('tells the broker when it is due, and of a key that it is unique', async () => {
    await queue.of(InvoiceTasks).charge.with({ delay: '1m' }).delay(acme);
    expect(limited).toHaveBeenCalledWith(
      'default',
      [expect.any(String)],
      expect.objectContaining({ due: { in: 60_000 } }),
    );
    const unique = jest.spyOn(broker, 'enqueueUnique').mockImplementation(async (_queue, message) => ({
      ...{ id: message.slice(0, 20), queue: 'default' },
    }));
    await queue.of(InvoiceTasks).charge.with({ key: 'k' }).delay(acme);
    const labels = [STRIPE_ACME, 'acme'];
    expect(unique).toHaveBeenCalledWith('default', expect.any(String), { due: undefined, replace: false, labels });
    expect(tagLetters(unique.mock.calls[0]?.[1] ?? '')).toBe('fll');
  });

  it('prefers the keys of the call', async () => {
    const { charge } = queue.of(InvoiceTasks);
    await charge.with({ limitKeys: { stripe: 'bolt' } }).delay(acme);
    expect(keysOfAll()).toEqual([[limitKey('stripe', 'bolt'), MAIL]]);
  });

  it('sends nothing when a key function fails, and says which', async () => {
    const { charge } = queue.of(InvoiceTasks);
    await expect(charge.delay(null as unknown as User)).rejects.toMatchObject({
      code: 'INVALID_LIMIT_KEY',
      message: expect.stringContaining('limits[0].key of @Task() on InvoiceTasks.charge threw: TypeError'),
      cause: expect.any(TypeError),
    });
    await expect(charge.delayMany([[acme], [{} as User]])).rejects.toMatchObject({
      code: 'INVALID_LIMIT_KEY',
      message: expect.stringContaining('calls[1] of task "InvoiceTasks.charge" is undefined'),
    });
    await expect(queue.task(InvoiceTasks.prototype.remind).delay({ tenant: '' })).rejects.toMatchObject({
      code: 'INVALID_LIMIT_KEY',
      message: expect.stringContaining('fair of @Task() on InvoiceTasks.remind is empty'),
    });
    expect(sent()).toEqual([]);
  });

  it('is refused with keys that are none, or for a limit that the task does not have', async () => {
    const { charge, plain } = queue.of(InvoiceTasks);
    for (const limitKeys of [{ stripe: '' }, { stripe: 7 }, { stripe: 'x'.repeat(1_001) }]) {
      expect(() => charge.with({ limitKeys: limitKeys as Record<string, string> })).toThrow(
        expect.objectContaining({
          code: 'INVALID_LIMIT_KEY',
          message: expect.stringContaining('limitKeys.stripe of with()'),
        }),
      );
    }
    expect(() => charge.with({ fairKey: '' })).toThrow(expect.objectContaining({ code: 'INVALID_LIMIT_KEY' }));
    expect(() => charge.with({ limitKeys: 'acme' as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    );
    await expect(charge.with({ limitKeys: { mail: 'acme' } }).delay(acme)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    for (const ignored of [{ fairKey: 'acme' }, { age: '5m' } as const])
      await expect(plain.with(ignored).delay()).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(plain.with({ limitKeys: { stripe: 'acme' } }).delay()).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

describe('delayMany() of a task with limits', () => {
  it('gives each message the keys of its call, and each key in clear once', async () => {
    const { charge } = queue.of(InvoiceTasks);
    function* calls(): Generator<[User]> {
      for (const user of [acme, bolt, acme]) yield [user];
    }
    await charge.delayMany(calls());
    expect(limited).toHaveBeenCalledTimes(1);
    const bolted = limitKey('stripe', 'bolt');
    expect(keysOfAll()).toEqual([
      [STRIPE_ACME, MAIL],
      [bolted, MAIL],
      [STRIPE_ACME, MAIL],
    ]);
    expect(limited.mock.calls[0]?.[2].labels).toEqual([STRIPE_ACME, 'acme', bolted, 'bolt']);
  });
});

describe('priority and fairness', () => {
  it('travel with a call of a task that has them', async () => {
    await queue.of(InvoiceTasks).remind.delay(acme);
    expect(sent().map(orderTagOf)).toEqual([{ priority: 3, ageMs: 300_000, fair: fairDigest('acme') }]);
  });

  it('are those of the call where it has its own', async () => {
    const { remind, plain } = queue.of(InvoiceTasks);
    await remind.with({ priority: 0, fairKey: 'bolt' }).delay(acme);
    await plain.with({ priority: 9, age: '1h' }).delay();
    expect(sent().map(orderTagOf)).toEqual([
      { priority: 0, ageMs: 300_000, fair: fairDigest('bolt') },
      { priority: 9, ageMs: 3_600_000, fair: undefined },
    ]);
  });

  it('cost a task nothing that asks for none', async () => {
    const { plain } = queue.of(InvoiceTasks);
    await plain.delay();
    await plain.with({ priority: 0, age: '5m' }).delay();
    await plain.delayMany([[], []]);
    expect(sent()).toEqual([]);
    const raws = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
    expect(raws.map(tagLetters)).toEqual(['', '', '', '']);
  });

  it.each([{ priority: 10 }, { priority: -1 }, { priority: 0.5 }, { age: 0 }, { age: '25d' }] as const)(
    'are refused as %p',
    (options) => {
      expect(() => queue.of(InvoiceTasks).plain.with(options)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    },
  );

  it('name the option and the task where a priority is none', () => {
    expect(() => queue.of(InvoiceTasks).plain.with({ priority: 10 })).toThrow(
      /^with\(\{ priority \}\) on task "InvoiceTasks\.plain" is 10\. .*Give a whole number from 0 to 9\./s,
    );
  });
});

describe("a full limit with onLimit: 'drop'", () => {
  const full = limitKey('drops', 'acme');

  it('adds nothing, and the handle names it', async () => {
    answers = [{ added: 0, full }];
    const handle = await queue.of(InvoiceTasks).drop.delay(acme);
    expect(handle).toMatchObject({ added: false, droppedBy: 'drops', name: 'InvoiceTasks.drop' });
    expect(limited.mock.calls.map(([, , options]) => options.refuses)).toEqual([true]);
    await expect(handle.result()).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
  });

  it('makes run() reject, which would have waited for nothing', async () => {
    answers = [{ added: 0, full }];
    await expect(queue.of(InvoiceTasks).drop.run(acme)).rejects.toMatchObject({
      code: 'LIMIT_REACHED',
      message: expect.stringContaining('the limit "drops" is full for the key "acme"'),
    });
  });

  it('is no obstacle while it is not full', async () => {
    expect(await queue.of(InvoiceTasks).drop.delay(acme)).toMatchObject({ added: true, droppedBy: undefined });
    expect(limited).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['a delay', () => queue.of(InvoiceTasks).drop.with({ delay: '1s' }).delay(acme)],
    [
      'an eta',
      () =>
        queue
          .of(InvoiceTasks)
          .drop.with({ eta: new Date(0) })
          .delay(acme),
    ],
    ['a key', () => queue.of(InvoiceTasks).drop.with({ key: 'k' }).delay(acme)],
    ['delayMany()', () => queue.of(InvoiceTasks).drop.delayMany([[acme]])],
    [
      'a batch',
      () =>
        queue
          .batch()
          .add(queue.of(InvoiceTasks).drop, [[acme]])
          .delay(),
    ],
    [
      'a flow',
      () => {
        const flow = queue.flow();
        flow.add(queue.of(InvoiceTasks).drop, acme);
        return flow.delay();
      },
    ],
  ])('is refused with %s', async (_what, send) => {
    await expect(send()).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/does not go with `onLimit: 'drop'` of the limit "drops"/),
    });
    expect(sent()).toEqual([]);
  });
});

describe("a full limit with onLimit: 'reject'", () => {
  it('rejects the call, and names the limit', async () => {
    answers = [{ added: 0, full: limitKey('rejects') }];
    await expect(queue.of(InvoiceTasks).reject.delay(acme)).rejects.toMatchObject({
      code: 'LIMIT_REACHED',
      message: expect.stringContaining('the limit "rejects" is full.'),
    });
  });

  it.each([
    ['limit of the task that waits', MAIL],
    ['limit of the queue', limitKey('queue default')],
  ])('lets the call wait where it is another %s that is full', async (_what, full) => {
    answers = [{ added: 0, full }];
    expect(await queue.of(InvoiceTasks).reject.delay(acme)).toMatchObject({ added: true });
    expect(limited.mock.calls.map(([, , { refuses }]) => refuses)).toEqual([true, undefined]);
    expect(new Set(sent()).size).toBe(1);
  });
});

describe('batches and flows', () => {
  async function groupMessages(): Promise<string[]> {
    const [pending, stored] = await Promise.all([
      apps.redis.lrange('{nestwork}:queue:default', 0, -1),
      apps.redis.hvals('{nestwork}:groups'),
    ]);
    return [...pending, ...stored.flatMap((value) => /^default (.*)$/.exec(value)?.[1] ?? [])];
  }

  it('give their tasks tags of limits and order', async () => {
    const add = jest.spyOn(broker.groups, 'add');
    await queue
      .batch()
      .add(queue.of(InvoiceTasks).charge, [[acme], [bolt]])
      .delay();
    const messages = add.mock.calls.flatMap(([, , some]) => some);
    expect(messages.map(tagLetters)).toEqual(['llg', 'llg']);
    expect(messages.map((raw) => limitKeysOf(raw)[0])).toEqual([STRIPE_ACME, limitKey('stripe', 'bolt')]);
  });

  it('name the call whose key function fails', async () => {
    const batch = queue.batch().add(queue.of(InvoiceTasks).charge, [[acme], [{} as User]]);
    await expect(batch.delay()).rejects.toMatchObject({
      code: 'INVALID_LIMIT_KEY',
      message: expect.stringContaining('calls[1] of task "InvoiceTasks.charge" is undefined'),
    });
  });

  it('give the nodes of a flow tags, and null for results of others', async () => {
    const addNodes = jest.spyOn(broker.groups, 'addNodes');
    const flow = queue.flow();
    const first = flow.add(queue.of(InvoiceTasks).remind, acme);
    flow.with({ after: first }).add(queue.of(InvoiceTasks).charge, bolt);
    await flow.delay();
    const messages = addNodes.mock.calls.flatMap(([, { nodes }]) => nodes.map(({ message }) => message));
    expect(messages.map(tagLetters)).toEqual(['og', 'llg']);
  });

  it('give callbacks tags of limits without keys, and need a key for those with keys', async () => {
    const { report, keyedReport, plain } = queue.of(InvoiceTasks);
    await queue
      .batch({ onDone: report })
      .add(plain, [[7]])
      .delay();
    await queue
      .batch({ onFailed: keyedReport.with({ limitKeys: { status: 'all' } }) })
      .add(plain, [[7]])
      .delay();
    const keys = (await groupMessages()).map(limitKeysOf).filter(({ length }) => length > 0);
    expect(keys).toEqual(expect.arrayContaining([[MAIL], [limitKey('status', 'all')]]));
    await expect(
      queue
        .batch({ onDone: keyedReport })
        .add(plain, [[7]])
        .delay(),
    ).rejects.toMatchObject({
      code: 'LIMIT_KEY_NEEDED',
    });
  });
});

describe('a task that is sent by name', () => {
  const REGISTERED = {
    queue: 'bulk',
    limits: [
      { name: 'stripe', keyed: true },
      { name: 'mail', keyed: false },
    ],
    fair: true,
    priority: { value: 2, ageMs: 7 },
  } as const;
  const given = { limitKeys: { stripe: 'acme' }, fairKey: 'bolt' };

  let inspector: Inspector;
  beforeEach(async () => {
    inspector = await boot(false);
    const worker = { session: 'w-30000', leaseMs: 30_000, host: 'h', pid: 1, queues: ['default', 'bulk'] };
    await broker.openSession({ ...worker, catalog: [] });
    jest.spyOn(broker, 'registeredTask').mockResolvedValue(REGISTERED);
  });

  it.each([{}, { queue: 'default' }])('is refused without its keys, also with the options %p', async (options) => {
    const { charge } = queue.of<InvoiceTasks>('InvoiceTasks');
    const needed = { code: 'LIMIT_KEY_NEEDED' };
    await expect(charge.with(options).delay(acme)).rejects.toMatchObject(needed);
    await expect(charge.with({ ...options, fairKey: 'acme' }).delayMany([[acme]])).rejects.toMatchObject(needed);
    await expect(charge.with({ ...options, limitKeys: given.limitKeys }).delay(acme)).rejects.toMatchObject(needed);
    await expect(inspector.tasks.send('InvoiceTasks.charge', [acme], { by: 'anna', ...options })).rejects.toMatchObject(
      needed,
    );
    expect(sent()).toEqual([]);
  });

  it.each([
    [{}, 'bulk'],
    [{ queue: 'default' }, 'default'],
  ])('counts for its limits with keys and the options %p', async (options, target) => {
    const charge = queue.task<[User]>('InvoiceTasks.charge').with({ ...given, ...options });
    await charge.delay(acme);
    await charge.delayMany([[acme], [bolt]]);
    await inspector.tasks.send('InvoiceTasks.charge', [acme], { by: 'anna', ...given, ...options });
    expect(limited.mock.calls.map(([it]) => it)).toEqual([target, target, target]);
    expect(keysOfAll()).toEqual(Array.from({ length: 4 }, () => [STRIPE_ACME, MAIL]));
    expect(sent().map(orderTagOf)).toEqual(
      Array.from({ length: 4 }, () => ({ priority: 2, ageMs: 7, fair: fairDigest('bolt') })),
    );
  });

  describe('whose limit is full', () => {
    const registered = (onLimit: 'drop' | 'reject') =>
      jest.spyOn(broker, 'registeredTask').mockResolvedValue({
        ...{ name: 'InvoiceTasks.drop', queue: 'bulk', limits: [{ name: 'drops', keyed: true, onLimit }] },
      });
    const by = { limitKeys: { drops: 'acme' } };
    const sender = () => queue.task<[User]>('InvoiceTasks.drop').with(by);
    const full = { code: 'LIMIT_REACHED', message: expect.stringContaining('"drops" is full for the key "acme"') };
    beforeEach(() => {
      answers = [{ added: 0, full: limitKey('drops', 'acme') }];
    });

    it('is dropped as its task declares it', async () => {
      registered('drop');
      expect(await sender().delay(acme)).toMatchObject({ added: false, droppedBy: 'drops' });
      expect(limited.mock.calls.map(([, , { refuses }]) => refuses)).toEqual([true]);
    });

    it('is rejected as its task declares it', async () => {
      registered('reject');
      await expect(sender().delay(acme)).rejects.toMatchObject(full);
    });

    it.each(['drop', 'reject'] as const)('is refused to an inspector, with onLimit %p', async (onLimit) => {
      registered(onLimit);
      await expect(inspector.tasks.send('InvoiceTasks.drop', [acme], { by: 'anna', ...by })).rejects.toMatchObject(
        full,
      );
      expect(await inspector.actions.list()).toEqual([]);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['a delay', () => sender().with({ delay: '1s' }).delay(acme)],
      ['a key', () => sender().with({ key: 'k' }).delay(acme)],
      ['delayMany()', () => sender().delayMany([[acme]])],
      [
        'a delay of an inspector',
        () => inspector.tasks.send('InvoiceTasks.drop', [acme], { by: 'a', ...by, delay: 7 }),
      ],
      ['a key of an inspector', () => inspector.tasks.send('InvoiceTasks.drop', [acme], { by: 'a', ...by, key: 'k' })],
    ])('does not go with %s', async (_what, send) => {
      registered('drop');
      await expect(send()).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(/does not go with `onLimit: 'drop'` of the limit "drops"/),
      });
      expect(sent()).toEqual([]);
    });
  });

  it('is not sent where the catalog cannot be read, also with its queue', async () => {
    const failure = new Error('away');
    jest.spyOn(broker, 'registeredTask').mockRejectedValue(failure);
    const charge = queue.task('InvoiceTasks.charge').with({ queue: 'bulk' });
    await expect(charge.delay(acme)).rejects.toBe(failure);
  });
});
