/** What tools show of tasks whose data is sealed: with a real Redis, with keys and without. */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { NestworkError } from '../../src/errors.js';
import type { BatchStatus } from '../../src/groups/batch-status.js';
import { BroadcastLog } from '../../src/inspector/broadcast-log.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { Inspector } from '../../src/inspector/inspector.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { PayloadCodec, SEALED_WORD } from '../../src/payload/payload-codec.js';
import type { StoredPayloadOptions } from '../../src/payload/payload-options.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { snapshot } from '../support/snapshot.js';
import { Apps } from './apps.js';

let apps: Apps;
const opened: Inspector[] = [];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  statuses.length = 0;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((inspector) => inspector.close()));
  await apps.close();
});
afterAll(() => apps.stop());

const SECRET = 'anna@example.org';
/** An error whose text is longer than a batch keeps of one in clear. */
const LONG = ` ${'and on '.repeat(100)}`;
const KEY = randomBytes(32).toString('base64');
const OTHER = randomBytes(32).toString('base64');
const statuses: BatchStatus[] = [];

@Injectable()
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ result: '1h' })
  async greet(address: string): Promise<string> {
    this.context.log(`looked up ${address}`);
    this.context.progress(0.5, `writes to ${address}`);
    return `Dear ${address}`;
  }

  @Task({ retries: 1, backoff: '1ms', result: '1h' })
  async fail(address: string): Promise<string> {
    this.context.log(`tried ${address}`);
    this.context.progress(0.5, `reaches ${address}`);
    throw new Error(`no route to ${address}${LONG}`);
  }

  @Task({ encrypt: false })
  async ended(status: BatchStatus): Promise<void> {
    statuses.push(status);
  }

  @Cron('0 8 1 1 *', { name: 'new-year', args: [SECRET] })
  async wish(_address: string): Promise<void> {}

  @Broadcast()
  async forget(_address: string): Promise<void> {}

  @Task({ encrypt: false })
  async open(_text: string): Promise<void> {}
}

const sealed = (...keys: string[]): StoredPayloadOptions => ({ encrypt: { keys } });

function boot(options: TaskQueueOptions = {}) {
  return apps.boot({ imports: [apps.queue({ payload: sealed(KEY), ...options })], providers: [MailTasks] });
}

async function inspectorWith(payload?: StoredPayloadOptions): Promise<Inspector> {
  const inspector = await createInspector({ redis: apps.server.url, ...(payload && { payload }) });
  opened.push(inspector);
  return inspector;
}

/** Lets a worker announce its tasks. */
async function announced(): Promise<void> {
  await boot({ inProcess: { concurrency: 1 } });
  await eventually(async () => expect(await apps.redis.hexists('{nestwork}:catalog', 'MailTasks.greet')).toBe(1));
  await apps.closeApps();
}

/** The ids of one task in each state that has something to show. */
interface Shown {
  readonly waiting: string;
  readonly done: string;
  readonly dead: string;
  readonly batch: string;
  readonly flow: string;
  readonly edited: string;
}

async function seeded(): Promise<Shown> {
  const app = await boot({ inProcess: { concurrency: 4 } });
  const queue = app.get(QueueClient);
  const { greet, fail, ended } = queue.of(MailTasks);
  const { id: waiting } = await greet.with({ delay: '1h', key: SECRET }).delay(SECRET);
  const done = await greet.delay(SECRET);
  await done.result({ timeout: '30s' });
  const failed = await fail.delay(SECRET);
  await expect(failed.result({ timeout: '30s' })).rejects.toThrow(SECRET);
  const edit = await fail.delay('somebody');
  await expect(edit.result({ timeout: '30s' })).rejects.toThrow('somebody');
  expect(await app.get(DeadLetters).redrive(edit.id, { args: [SECRET] })).toBe('redriven');
  await eventually(async () => {
    expect(await app.get(DeadLetters).get(edit.id)).toMatchObject({ error: expect.stringContaining(SECRET) });
  });
  const batch = await queue
    .batch({ onFailed: ended })
    .add(fail, [[SECRET]])
    .delay();
  const flow = queue.flow();
  flow.add(greet, flow.add(fail, SECRET));
  const sent = await flow.delay();
  await eventually(async () => {
    expect((await batch.status()).culprit?.error).toContain(SECRET);
    expect((await sent.status()).culprit?.error).toContain(SECRET);
    expect(statuses[0]?.culprit?.error).toContain(SECRET);
  });
  expect(JSON.stringify(await snapshot(apps.redis))).not.toContain('anna');
  return { waiting, done: done.id, dead: failed.id, batch: batch.id, flow: sent.id, edited: edit.id };
}

describe('an inspector', () => {
  /** All that it shows, also behind getters. */
  async function shown(inspector: Inspector, ids: Shown): Promise<string> {
    const { tasks, dead, groups, crons } = inspector;
    const parts: unknown[] = [
      await tasks.list(),
      await tasks.list({ task: 'MailTasks.greet' }),
      await inspector.status(),
      await inspector.doctor(),
      await inspector.actions.list(),
      await dead.list(),
      await dead.groups(),
      await groups.list(),
      await groups.get(ids.batch),
      await groups.get(ids.flow),
      await groups.nodes(ids.flow),
      await crons.list(),
      await crons.history('new-year'),
      await crons.argumentsOf('new-year').catch((error: unknown) => (error as NestworkError).code),
    ];
    for (const id of [ids.waiting, ids.done, ids.dead, ids.edited]) {
      const task = await tasks.get(id);
      parts.push(task, task?.args, task?.result?.value, task?.edits, await tasks.explain(id));
      for (const { args } of task?.edits ?? []) parts.push(args);
      const death = await dead.get(id);
      parts.push(death, death?.args, death?.stack);
    }
    return JSON.stringify(parts);
  }

  it('without keys shows no data of sealed tasks, and no seals, of any task in any state', async () => {
    const ids = await seeded();
    for (const payload of [undefined, sealed(OTHER)]) {
      const all = await shown(await inspectorWith(payload), ids);
      expect(all).not.toContain('anna');
      expect(all).not.toMatch(/\\"s\\":|"s":/);
      expect(all).toContain(SEALED_WORD);
      expect(all).toContain('TASK_FAILED');
    }
  });

  it('with the key shows arguments, results, errors, notes and former arguments', async () => {
    const ids = await seeded();
    const inspector = await inspectorWith(sealed(OTHER, KEY));
    expect(await shown(inspector, ids)).not.toContain(SEALED_WORD);
    const { tasks, dead, groups, crons } = inspector;
    expect(await tasks.get(ids.waiting)).toMatchObject({ sealed: true, args: [SECRET] });
    expect(await tasks.get(ids.done)).toMatchObject({
      progress: { message: `writes to ${SECRET}` },
      log: [{ message: `looked up ${SECRET}` }],
      result: { kind: 'done', sealed: true, value: `Dear ${SECRET}` },
    });
    const failed = { error: expect.stringContaining(`no route to ${SECRET}`) };
    expect(await tasks.get(ids.dead)).toMatchObject({
      args: [SECRET],
      attempts: [failed, failed],
      log: [{ message: `tried ${SECRET}` }, { message: `tried ${SECRET}` }],
      result: { kind: 'failed', ...failed },
    });
    expect(await dead.get(ids.dead)).toMatchObject({
      ...failed,
      sealed: true,
      stack: expect.stringContaining(SECRET),
      progress: { message: `reaches ${SECRET}` },
    });
    const edited = await dead.get(ids.edited);
    expect(edited?.args).toEqual([SECRET]);
    expect(edited?.edits[0]).toMatchObject({ sealed: true, args: ['somebody'] });
    const { error = '' } = (await groups.get(ids.batch))?.culprit ?? {};
    expect(error).toContain(SECRET);
    expect(error).toHaveLength(500);
    expect(await groups.nodes(ids.flow)).toMatchObject({ nodes: [failed, {}] });
    expect(await crons.argumentsOf('new-year')).toEqual([SECRET]);
    expect((await dead.list({ error: SECRET })).tasks).toHaveLength(4);
    expect((await tasks.list({ text: SECRET })).tasks.map(({ id }) => id)).toEqual([ids.waiting]);
  });

  it('puts sealed errors of one code into one group without the key, and into those of their texts with it', async () => {
    await seeded();
    const { groups } = await (await inspectorWith()).dead.groups();
    expect(groups).toMatchObject([{ task: 'MailTasks.fail', code: 'TASK_FAILED', error: SEALED_WORD, count: 4 }]);
    const withKey = await (await inspectorWith(sealed(KEY))).dead.groups();
    expect(withKey.groups).toMatchObject([{ error: expect.stringContaining('no route to'), count: 4 }]);
  });

  it('reports how many tasks a search by text could not look into', async () => {
    await announced();
    const app = await boot({ inProcess: false });
    const { greet, open } = app.get(QueueClient).of(MailTasks);
    await greet.delayMany([[SECRET], [SECRET]]);
    const { id } = await open.delay(SECRET);
    const page = await (await inspectorWith()).tasks.list({ text: SECRET });
    expect(page).toMatchObject({ tasks: [{ id }], looked: 3, sealed: 2 });
    expect((await (await inspectorWith(sealed(KEY))).tasks.list({ text: SECRET })).tasks).toHaveLength(3);
  });

  it('refuses wrong keys as the module does, and never shows them', async () => {
    await expect(createInspector({ redis: apps.server.url, payload: sealed('tell nobody') })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.not.stringContaining('tell nobody'),
    });
  });
});

describe('a redrive with other arguments', () => {
  it('of a sealed task seals them, and the task runs with them', async () => {
    const { edited } = await seeded();
    expect(await (await inspectorWith(sealed(KEY))).dead.redrive(edited, { args: ['bert@example.org'] })).toBe(
      'redriven',
    );
    await eventually(async () => {
      const again = await (await inspectorWith(sealed(KEY))).dead.get(edited);
      expect(again).toMatchObject({ error: expect.stringContaining('no route to bert@example.org') });
    });
    expect(JSON.stringify(await snapshot(apps.redis))).not.toContain('bert');
  });

  it('is refused without keys, and the task stays dead', async () => {
    const { dead: id } = await seeded();
    const { dead } = await inspectorWith();
    await expect(dead.redrive(id, { args: ['bert'] })).rejects.toMatchObject({ code: 'PAYLOAD_KEYS_NEEDED' });
    expect(await dead.get(id)).toMatchObject({ id });
    expect(await dead.redrive(id)).toBe('redriven');
  });
});

describe('a call by name of an inspector', () => {
  beforeEach(announced);

  it('is sealed where the workers of the task want that, and has the key of a unique task that apps give it', async () => {
    const { tasks } = await inspectorWith(sealed(KEY));
    const { id } = await tasks.send('MailTasks.greet', [SECRET], { by: 'anna', key: 'user-7' });
    await tasks.send('MailTasks.open', ['in clear'], { by: 'anna', key: 'user-7' });
    const messages = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
    expect(messages.join()).not.toContain(SECRET);
    expect(messages.join()).toContain('in clear');
    const app = await boot({ inProcess: false });
    const { greet } = app.get(QueueClient).of(MailTasks);
    expect(await greet.with({ key: 'user-7' }).delay(SECRET)).toMatchObject({ id, added: false });
  });

  it('is refused without keys', async () => {
    const { tasks } = await inspectorWith();
    await expect(tasks.send('MailTasks.greet', [SECRET], { by: 'anna' })).rejects.toMatchObject({
      code: 'PAYLOAD_KEYS_NEEDED',
    });
    await expect(tasks.send('MailTasks.open', [SECRET], { by: 'anna' })).resolves.toMatchObject({ added: true });
  });

  it('is found by its key, sealed or not; without keys the search for that of a sealed task is refused', async () => {
    const { tasks } = await inspectorWith(sealed(KEY));
    const { id } = await tasks.send('MailTasks.greet', [SECRET], { by: 'anna', key: 'user-7' });
    const plain = await tasks.send('MailTasks.open', ['in clear'], { by: 'anna', key: 'user-7' });
    expect((await tasks.list({ task: 'MailTasks.greet', key: 'user-7' })).tasks).toMatchObject([{ id }]);
    expect((await tasks.list({ task: 'MailTasks.open', key: 'user-7' })).tasks).toMatchObject([{ id: plain.id }]);
    const without = (await inspectorWith()).tasks;
    expect((await without.list({ task: 'MailTasks.open', key: 'user-7' })).tasks).toMatchObject([{ id: plain.id }]);
    await expect(without.list({ task: 'MailTasks.greet', key: 'user-7' })).rejects.toMatchObject({
      code: 'PAYLOAD_KEYS_NEEDED',
    });
  });
});

describe('the parts of an app with keys', () => {
  it('open what they show', async () => {
    const ids = await seeded();
    const app = await boot({ inProcess: false });
    expect((await app.get(DeadLetters).get(ids.dead))?.args).toEqual([SECRET]);
    expect((await app.get(Inspector).tasks.get(ids.waiting))?.args).toEqual([SECRET]);
    expect((await app.get(QueueClient).batchById(ids.batch).status()).culprit?.error).toContain(SECRET);
    expect((await app.get(QueueClient).flowById(ids.flow).status()).culprit?.error).toContain(SECRET);
  });

  it('open the error of a broadcast', async () => {
    const app = await boot({ inProcess: false });
    const { id } = await app.get(QueueClient).of(MailTasks).forget.delay(SECRET);
    const codec = new PayloadCodec({ keys: [Buffer.from(KEY, 'base64')] });
    const outcome = { host: 'a', pid: 1, ok: false, error: codec.sealText(`no ${SECRET}`, id), at: 1 };
    await apps.redis.hset(`{nestwork}:broadcast:${id}`, 'a.1', JSON.stringify(outcome));
    expect(await app.get(BroadcastLog).outcomes(id)).toMatchObject([{ error: `no ${SECRET}` }]);
    const without = await apps.boot({ imports: [apps.queue()] });
    expect(await without.get(BroadcastLog).outcomes(id)).toMatchObject([{ error: SEALED_WORD }]);
  });
});

describe('the command line', () => {
  const linesOf = ({ waiting, done, dead, batch, flow, edited }: Shown): string[] => [
    'status',
    'queues ls',
    'tasks ls',
    'tasks ls --task MailTasks.greet',
    `tasks ls --text ${SECRET}`,
    ...[waiting, done, dead, edited].flatMap((id) => [`tasks show ${id} --args`, `tasks explain ${id}`]),
    'dead ls',
    `dead ls --error ${SECRET}`,
    'dead groups',
    ...[dead, edited].map((id) => `dead show ${id} --args`),
    'dead redrive --all --dry-run',
    'batches ls',
    `batches show ${batch}`,
    'flows ls',
    `flows show ${flow} --all`,
    'limits ls',
    'crons ls',
    'crons show new-year',
    'workers ls',
    'actions ls',
    'doctor',
  ];
  const inShape = (line: string): string[][] => [line.split(' '), [...line.split(' '), '--json']];

  async function outputs(ids: Shown, env: CommandLineOptions['env']): Promise<string> {
    let all = '';
    for (const args of linesOf(ids).flatMap(inShape)) {
      const { stdout, stderr } = await nestwork(args, { env: { NESTWORK_REDIS_URL: apps.server.url, ...env } });
      all += `$ ${args.join(' ').replaceAll(SECRET, '<the secret>')}\n${stdout}${stderr}`;
    }
    return all;
  }

  it('shows no data of sealed tasks without their key, in any command, and says that it is sealed', async () => {
    const ids = await seeded();
    const all = await outputs(ids, {});
    expect(all).not.toContain('anna@');
    expect(all).not.toMatch(/\\"s\\":|"s":/);
    expect(all).toMatch(/args {6}\[sealed\]/);
    expect(all).toMatch(/returned {2}\[sealed\]/);
    expect(all).toMatch(/error {5}\[sealed\]/);
    expect(all).toContain('1 task has arguments that are sealed, and were not searched');
  }, 240_000);

  it('shows it with NESTWORK_PAYLOAD_KEYS', async () => {
    const ids = await seeded();
    const env = { NESTWORK_PAYLOAD_KEYS: `${OTHER}, ${KEY}`, NESTWORK_REDIS_URL: apps.server.url };
    const text = async (line: string): Promise<string> => (await nestwork(line.split(' '), { env })).stdout;
    for (const line of [
      `tasks show ${ids.waiting} --args`,
      `tasks show ${ids.done} --args`,
      `tasks show ${ids.dead} --args`,
      `dead show ${ids.edited} --args`,
      'dead ls',
      `batches show ${ids.batch}`,
      `flows show ${ids.flow} --all`,
    ]) {
      const shown = await text(line);
      expect([line, shown]).toEqual([line, expect.stringContaining(SECRET)]);
      expect(shown).not.toContain(SEALED_WORD);
    }
    expect(await text(`tasks ls --text ${SECRET}`)).toContain(ids.waiting);
    expect(await text(`tasks ls --task MailTasks.greet --key ${SECRET}`)).toContain(ids.waiting);
  }, 120_000);

  it('names the place of a wrong key, and never the key', async () => {
    const env = { NESTWORK_PAYLOAD_KEYS: `${KEY},hidden-treasure`, NESTWORK_REDIS_URL: apps.server.url };
    const { code, stderr } = await nestwork(['tasks', 'ls'], { env });
    expect(code).not.toBe(0);
    expect(stderr).toContain('NESTWORK_PAYLOAD_KEYS[1]');
    expect(stderr).toContain('INVALID_OPTION');
    expect(stderr).not.toContain('treasure');
  });
});
