import { QueueClient, type TaskSenders } from '../../src/client/queue-client.js';
import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { Apps } from '../module/apps.js';
import { QUEUES, ReportTasks } from './report-tasks.js';

const UNSENDABLE = { code: 'UNSERIALIZABLE_ARGUMENT' };

let apps: Apps;
let reports: TaskSenders<ReportTasks>;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(async () => {
  const app = await apps.boot({ imports: [apps.queue(QUEUES)], providers: [ReportTasks] });
  reports = app.get(QueueClient, { strict: false }).of(ReportTasks);
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function sentNotes(): Promise<unknown[]> {
  return (await apps.waiting()).map(({ args }) => args[0]);
}

describe('delay()', () => {
  it('resolves to a handle of the task in the queue', async () => {
    const handle = await reports.send.delay(7, { weekly: true });
    expect(handle).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{20}$/),
      name: 'ReportTasks.send',
      queue: 'critical',
      added: true,
    });
    const { id } = handle;
    expect(await apps.waiting('critical')).toMatchObject([
      { id, name: 'ReportTasks.send', args: [7, { weekly: true }], failures: 0, crashes: 0, suspicions: 0 },
    ]);
  });

  it('keeps the order of the calls, awaited or not', async () => {
    await reports.note.delay(0);
    await Promise.all([1, 2, 3].map((index) => reports.note.delay(index)));
    expect(await sentNotes()).toEqual([0, 1, 2, 3]);
  });

  it('keeps that order also between single calls and lists of calls', async () => {
    await reports.note.delay('first'); // the connection is up
    const { note } = reports;
    await Promise.all([note.delayMany([[1], [2]]), note.delay(3), note.delayMany([[4]]), note.delay(5)]);
    expect(await sentNotes()).toEqual(['first', 1, 2, 3, 4, 5]);
  });

  it('carries values that JSON cannot', async () => {
    const rich = { at: new Date(0), big: 1n, map: new Map([['a', new Set([Number.NaN])]]), none: undefined };
    await reports.note.delay(rich);
    expect(await sentNotes()).toEqual([rich]);
  });

  it('sends the arguments as they are at the call', async () => {
    const note = { text: 'before' };
    const sent = reports.note.delay(note);
    note.text = 'after';
    await sent;
    expect(await sentNotes()).toEqual([{ text: 'before' }]);
  });

  it('sends nothing when an argument cannot be sent, and the error names its path', async () => {
    await expect(reports.note.delay({ user: { greet: () => {} } })).rejects.toMatchObject({
      ...UNSENDABLE,
      message: expect.stringContaining('args[0].user.greet'),
    });
    await expect(reports.note.delay('x'.repeat(300_000))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(await sentNotes()).toEqual([]);
  });
});

describe('delayMany()', () => {
  it.each([Promise.resolve([['a']]), undefined, 7, {}])(
    'refuses a value that is no list of calls: %p',
    async (calls) => {
      await expect(reports.note.delayMany(calls as never)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('not a list of calls'),
      });
    },
  );

  it('resolves to handles in the order of the calls, which is that of the queue', async () => {
    const calls = Array.from({ length: 2_500 }, (_, index): [unknown] => [index]);
    const handles = await reports.note.delayMany(calls);
    const waiting = await apps.waiting();
    expect(waiting.map(({ args }) => args)).toEqual(calls);
    expect(waiting.map(({ id }) => id)).toEqual(handles.map(({ id }) => id));
    expect(new Set(handles.map(({ id }) => id)).size).toBe(calls.length);
  });

  it('takes any iterable, an empty one too', async () => {
    const calls = new Set<[unknown]>([['a'], ['b']]);
    expect(await reports.note.delayMany(calls)).toHaveLength(2);
    expect(await reports.note.delayMany([])).toEqual([]);
    expect(await sentNotes()).toEqual(['a', 'b']);
  });

  it('checks every call before it sends the first, and the error names the bad one', async () => {
    const calls = Array.from({ length: 1_500 }, (_, index): [unknown] => [{ index }]);
    calls[1_400] = [{ at: Symbol('bad') }];
    await expect(reports.note.delayMany(calls)).rejects.toMatchObject({
      ...UNSENDABLE,
      message: expect.stringContaining('calls[1400][0].at'),
    });
    expect(await sentNotes()).toEqual([]);
  });
});

describe('delayMany() of an unreadable list', () => {
  const revoked = (): never => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy as never;
  };

  it('is refused, and the error names the list or the call', async () => {
    const refusal = (named: string): object => ({ code: 'INVALID_OPTION', message: expect.stringContaining(named) });
    await expect(reports.note.delayMany(revoked())).rejects.toMatchObject(refusal('not a list of calls'));
    await expect(reports.note.delayMany([['a'], revoked()])).rejects.toMatchObject(refusal('calls[1]'));
    expect(await sentNotes()).toEqual([]);
  });
});

describe('with()', () => {
  it('sends to another queue, for that sender alone', async () => {
    const bulk = reports.send.with({ queue: 'bulk' });
    expect(await bulk.delay(1)).toMatchObject({ queue: 'bulk' });
    expect(await reports.send.delay(2)).toMatchObject({ queue: 'critical' });
    expect((await apps.waiting('bulk')).map(({ args }) => args)).toEqual([[1]]);
  });

  it('adds to the options of an earlier with(), and does not follow later changes of the object', async () => {
    const id = new TaskIdSequence().next();
    const options = { queue: 'bulk' };
    const sender = reports.send.with(options).with({ id });
    options.queue = 'critical';
    expect(await sender.delay(1)).toEqual({ id, name: 'ReportTasks.send', queue: 'bulk', added: true });
  });

  it('refuses a queue that is not declared, with the task and the declared queues', () => {
    expect(() => reports.send.with({ queue: 'bluk' })).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_QUEUE',
        message: expect.stringMatching(/"bluk".*"ReportTasks\.send"[\s\S]*critical, default, bulk/),
      }),
    );
  });

  it.each<[string, object]>([
    ['Map', new Map([['tenant', 'acme']])],
    ['Headers', new Headers({ tenant: 'acme' })],
    ['URLSearchParams', new URLSearchParams({ tenant: 'acme' })],
  ])('refuses headers that are a %s, with the way to convert it', (name, headers) => {
    const given = headers as Record<string, string>;
    expect(() => reports.send.with({ headers: given })).toThrow(
      expect.objectContaining({
        code: 'INVALID_HEADERS',
        message: expect.stringMatching(new RegExp(`"ReportTasks\\.send".* class ${name}[^]*Object\\.fromEntries`)),
      }),
    );
  });

  it.each<[string, unknown]>([
    ['a Map', new Map([['queue', 'bulk']])],
    ['a list', [['queue', 'bulk']]],
    ['a number', 7],
    ['a promise', Promise.resolve({ queue: 'bulk' })],
  ])('refuses %s, which would look like no options', (_, options) => {
    expect(() => reports.send.with(options as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('"ReportTasks.send"') }),
    );
  });

  it('refuses a key with a lone surrogate, which would equal the key of other calls', async () => {
    await reports.send.with({ key: 'user-\ufffd' }).delay(1);
    await expect(reports.send.with({ key: 'user-\ud800' }).delay(2)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await apps.waiting('critical')).toHaveLength(1);
  });

  it.each([[{ id: '42' }], [{ ids: [new TaskIdSequence().next(), '42'] }]])('refuses %j', (options) => {
    expect(() => reports.send.with(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_TASK_ID', message: expect.stringContaining("'42'") }),
    );
  });
});

describe('with({ id })', () => {
  it('adds nothing when the task is in, and resolves as if it had been added', async () => {
    const handle = await reports.send.delay(7);
    expect(await reports.send.with({ id: handle.id }).delay(7)).toEqual(handle);
    expect(await apps.waiting('critical')).toHaveLength(1);
  });

  it('is refused by delayMany()', async () => {
    const sender = reports.note.with({ id: new TaskIdSequence().next() });
    await expect(sender.delayMany([[1]])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('with({ id })'),
    });
    expect(await sentNotes()).toEqual([]);
  });
});

describe('with({ ids })', () => {
  it('adds the missing ones', async () => {
    const ids = new TaskIdSequence();
    const all = [ids.next(), ids.next(), ids.next()];
    await reports.note.with({ id: all[1] }).delay('b');
    const handles = await reports.note.with({ ids: all }).delayMany([['a'], ['b'], ['c']]);
    expect(handles.map(({ id }) => id)).toEqual(all);
    expect(await sentNotes()).toEqual(['b', 'a', 'c']);
  });

  it('is refused by delay()', async () => {
    const sender = reports.note.with({ ids: [new TaskIdSequence().next()] });
    await expect(sender.delay(1)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('with({ ids })'),
    });
    expect(await sentNotes()).toEqual([]);
  });

  it('needs one id for each call', async () => {
    const sender = reports.note.with({ ids: [new TaskIdSequence().next()] });
    await expect(sender.delayMany([['a'], ['b']])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/1 ids for 2 calls of task "ReportTasks\.note"/),
    });
    await expect(sender.delayMany([])).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await sentNotes()).toEqual([]);
  });

  it('refuses an id that is there twice: the second call would be lost', async () => {
    const id = new TaskIdSequence().next();
    const send = async (): Promise<unknown> => reports.note.with({ ids: [id, id] }).delayMany([['a'], ['b']]);
    await expect(send()).rejects.toMatchObject({ message: expect.stringContaining(id) });
    expect(await sentNotes()).toEqual([]);
  });
});

describe('a delay() that Redis refuses', () => {
  it('because it is full adds nothing, and the same id works later', async () => {
    const id = new TaskIdSequence().next();
    await apps.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(reports.note.with({ id }).delay('a')).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    } finally {
      await apps.redis.config('SET', 'maxmemory', '0');
    }
    await reports.note.with({ id }).delay('a');
    expect(await sentNotes()).toEqual(['a']);
  });

  it('because the key has another type adds nothing, and the same id works later', async () => {
    const id = new TaskIdSequence().next();
    await apps.redis.set('{nestwork}:queue:default', 'foreign');
    await expect(reports.note.with({ id }).delay('a')).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await apps.redis.del('{nestwork}:queue:default');
    await reports.note.with({ id }).delay('a');
    expect(await sentNotes()).toEqual(['a']);
  });

  it('in the middle of many rejects with all ids, and repeating it with them adds each once', async () => {
    const calls = Array.from({ length: 40 }, (_, index): [string] => [`${index} ${'x'.repeat(200_000)}`]);
    const used = Number(/^used_memory:(\d+)/m.exec(await apps.redis.info('memory'))?.[1]);
    await apps.redis.config('SET', 'maxmemory', `${used + 4_000_000}`);
    let error: unknown;
    try {
      error = await reports.note.delayMany(calls).catch((reason: unknown) => reason);
    } finally {
      await apps.redis.config('SET', 'maxmemory', '0');
    }
    expect(error).toMatchObject({ code: 'ENQUEUE_UNCONFIRMED', taskIds: { length: calls.length } });
    const added = (await sentNotes()).length;
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(calls.length);
    await reports.note.with({ ids: (error as EnqueueUnconfirmedError).taskIds }).delayMany(calls);
    expect(await sentNotes()).toEqual(calls.map(([note]) => note));
  });
});
