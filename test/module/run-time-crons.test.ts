import { jest } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class ReportTasks {
  @Task({ queue: 'bulk', result: '1m', limits: [{ name: 'tenant', concurrency: 1, key: (tenant: string) => tenant }] })
  send(_tenant: string, _options?: { full: boolean }): void {}

  @Cron('0 8 * * *', { name: 'nightly' })
  nightly(): void {}

  @Broadcast()
  refresh(): void {}
}

async function boot() {
  const app = await apps.boot({ imports: [apps.queue({ queues: ['default', 'bulk'] })], providers: [ReportTasks] });
  return { crons: app.get(CronManager), tasks: app.get(QueueClient).of(ReportTasks), queue: app.get(QueueClient) };
}

describe('crons.set()', () => {
  it('keeps the call with its arguments, its options and the tags of its task', async () => {
    const { crons, tasks } = await boot();
    const task = tasks.send.with({ retries: 3, headers: { tenant: '7' } });
    const timing = { cron: '0 8 * * *', timeZone: 'Europe/Paris', overlap: 'skip' } as const;
    expect(await crons.set('tenant-7.report', { ...timing, task, args: ['7', { full: true }], by: 'anna' })).toEqual({
      name: 'tenant-7.report',
      outcome: 'added',
    });
    expect(await crons.get('tenant-7.report')).toMatchObject({
      name: 'tenant-7.report',
      task: 'ReportTasks.send',
      queue: 'bulk',
      expression: '0 8 * * *',
      timeZone: 'Europe/Paris',
      overlap: 'skip',
      set: true,
      setAt: expect.any(Date),
      setBy: 'anna',
      declared: false,
      paused: false,
    });
    expect(await crons.argumentsOf('tenant-7.report')).toEqual(['7', { full: true }]);
    const { id, added } = await crons.runNow('tenant-7.report');
    expect(added).toBe(true);
    const [entry = ''] = await apps.redis.zrange('{nestwork}:held:bulk', '0', '-1');
    const [message = ''] = [
      ...(await apps.redis.lrange('{nestwork}:queue:bulk', 0, -1)),
      entry.slice(entry.indexOf(id)),
    ];
    expect(decodeMessage(message)).toMatchObject({
      name: 'ReportTasks.send',
      args: ['7', { full: true }],
      options: { cron: 'tenant-7.report', retries: 3, headers: { tenant: '7' } },
      result: { seconds: 60 },
    });
    expect(message).toMatch(/^.{20}.*l[A-Za-z0-9_-]{27}/);
  });

  it('changes the cron of a name, and nothing where it is the same', async () => {
    const { crons, tasks } = await boot();
    const set = (every: string) => crons.set('poll', { every: every as '1m', task: tasks.send, args: ['7'] });
    expect((await set('1m')).outcome).toBe('added');
    expect((await set('1m')).outcome).toBe('unchanged');
    expect((await set('2m')).outcome).toBe('changed');
    expect(await crons.get('poll')).toMatchObject({ everyMs: 120_000 });
    expect(await crons.count()).toBe(1);
  });

  it('counts the runs of a limit, and is not due again once it is reached', async () => {
    const { crons, tasks } = await boot();
    const set = (limit?: number) =>
      crons.set('poll', { every: '1m', task: tasks.send, args: ['7'], ...(limit !== undefined && { limit }) });
    await set(3);
    await apps.redis.hset('{nestwork}:cron-owners', 'bulk ReportTasks.send', Date.now());
    expect(await crons.get('poll')).toMatchObject({ limit: 3, fires: 0, nextRun: expect.any(Date) });
    expect(await crons.nextRuns('poll', 9)).toHaveLength(3);
    expect((await set(3)).outcome).toBe('unchanged');
    await apps.redis.hset('{nestwork}:run-time-crons', 'poll fires', 3);
    expect(await crons.get('poll')).toMatchObject({ limit: 3, fires: 3, nextRun: undefined });
    expect(await crons.nextRuns('poll', 9)).toEqual([]);
    expect((await set(4)).outcome).toBe('changed');
    expect(await crons.nextRuns('poll', 9)).toHaveLength(1);
    expect((await set()).outcome).toBe('changed');
    expect(await crons.get('poll')).not.toHaveProperty('fires');
  });

  it('has missed nothing in a pause once its limit is reached', async () => {
    const { crons, tasks } = await boot();
    for (const name of ['over', 'on']) {
      await crons.set(name, { every: '1s', task: tasks.send, args: ['7'], limit: 3 });
      await apps.redis.hset('{nestwork}:run-time-crons', `${name} until`, Date.now() - 60_000);
      await crons.pause(name);
    }
    await apps.redis.hset('{nestwork}:run-time-crons', 'over fires', 3);
    for (const name of ['over', 'on']) await crons.resume(name);
    expect(await crons.history('over')).toEqual([]);
    expect(await crons.history('on')).toMatchObject([{ kind: 'missed', reason: 'paused' }]);
  });

  it('is first looked at when its first time comes, so that many others hold up none', async () => {
    const { crons, tasks } = await boot();
    const set = (name: string, every: '1s' | '10d') => crons.set(name, { every, task: tasks.send, args: ['7'] });
    await set('rare', '10d');
    await set('frequent', '1s');
    const times = '{nestwork}:cron-times:bulk ReportTasks.send';
    const at = Number(await apps.redis.zscore(times, 'rare'));
    expect([at % 864_000_000, at > Date.now()]).toEqual([0, true]);
    expect(Number(await apps.redis.zscore(times, 'frequent'))).toBeLessThanOrEqual(Date.now());
    expect((await apps.redis.zrange('{nestwork}:cron-lines', '0', '-1', 'WITHSCORES'))[1]).toBe(
      await apps.redis.zscore(times, 'frequent'),
    );
  });

  it('is first looked at when its first time comes by the clock of Redis, or at once where that of the caller is far ahead', async () => {
    const { crons, tasks } = await boot();
    const ahead = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 86_400_000);
    await crons.set('frequent', { every: '1m', task: tasks.send, args: ['7'] });
    ahead.mockRestore();
    const at = Number(await apps.redis.zscore('{nestwork}:cron-times:bulk ReportTasks.send', 'frequent'));
    expect(at).toBeLessThanOrEqual(Date.now());
  });

  it('lists both kinds by name, and removes what was set', async () => {
    const { crons, tasks } = await boot();
    for (const name of ['tenant-2', 'tenant-1', 'zoo'])
      await crons.set(name, { every: '1m', task: tasks.send, args: ['7'] });
    const namesOf = async (options?: Parameters<CronManager['list']>[0]) =>
      (await crons.list(options)).map(({ name }) => name);
    expect(await namesOf()).toEqual(['tenant-1', 'tenant-2', 'zoo']);
    expect(await namesOf({ prefix: 'tenant-', count: 1 })).toEqual(['tenant-1']);
    expect(await namesOf({ prefix: 'tenant-', after: 'tenant-1' })).toEqual(['tenant-2']);
    expect(await namesOf({ set: false })).toEqual([]);
    expect(await crons.remove('zoo', { by: 'anna' })).toBe(true);
    expect(await crons.remove('zoo')).toBe(false);
    expect(await namesOf({ set: true })).toEqual(['tenant-1', 'tenant-2']);
    await expect(crons.get('zoo')).rejects.toMatchObject({ code: 'UNKNOWN_CRON' });
    await expect(crons.list({ count: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(crons.list({ set: 'yes' as never })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it.each<[string, unknown]>([
    ['none', undefined],
    ['an empty list', []],
    ['a list with its name', ['poll']],
    ['an object', Object.create(null)],
    ['a function', () => 'poll'],
    ['a symbol', Symbol('poll')],
  ])('sets a cron that is not found by %s instead of its name', async (_, given) => {
    const { crons, tasks } = await boot();
    await crons.set('poll', { every: '1m', task: tasks.send, args: ['7'] });
    const name = given as string;
    const unknown = { code: 'UNKNOWN_CRON' };
    expect(await crons.remove(name)).toBe(false);
    for (const act of ['get', 'argumentsOf', 'nextRuns', 'history', 'declarers', 'runNow', 'pause', 'resume'] as const)
      await expect(crons[act](name)).rejects.toMatchObject(unknown);
    expect(await crons.get('poll')).toMatchObject({ paused: false });
  });

  it.each([
    ['tenant-57.reprot', 'Did you mean tenant-57.report?'],
    ['tenatn-00.report', 'Did you mean tenant-00.report?'],
    ['elsewhere', 'Known crons: tenant-00.report, tenant-01.report'],
    ['elsewhere', 'tenant-19.report and 40 more: npx nestwork crons ls lists them.'],
  ])('refuses the unknown name %s with names that were set: %s', async (name, remedy) => {
    const { crons, tasks } = await boot();
    for (let tenant = 0; tenant < 60; tenant += 1) {
      const set = `tenant-${String(tenant).padStart(2, '0')}.report`;
      await crons.set(set, { every: '1h', task: tasks.send, args: ['7'] });
    }
    for (const act of [() => crons.get(name), () => crons.pause(name), () => crons.resume(name)]) {
      await expect(act()).rejects.toThrow(remedy);
    }
  });

  it('rejects a name that no cron has without a warning about the keys', async () => {
    const { crons } = await boot();
    await expect(crons.get('zoo')).rejects.toMatchObject({ code: 'UNKNOWN_CRON' });
    expect(apps.lines.with('run-time-crons')).toEqual([]);
  });

  it.each<[string, object, string, string]>([
    ['send report', {}, 'INVALID_NAME', 'cron name'],
    ['ReportTasks.send', {}, 'CRON_NAME_TAKEN', 'looks like that of a cron in code'],
    ['a', { cron: '* * * *' }, 'INVALID_CRON', 'crons.set("a")'],
    ['a', { cron: '0 0 30 2 *' }, 'INVALID_CRON', 'never comes due'],
    ['a', { cron: new Date(0) }, 'INVALID_CRON', 'never comes due'],
    ['a', { cron: '0 8 * * *', timeZone: 'Mars/Olympus' }, 'INVALID_CRON', 'Mars/Olympus'],
    ['a', { cron: '0 8 * * *', endDate: new Date(0) }, 'INVALID_CRON', 'its last time has passed'],
    [
      'a',
      { cron: '0 8 * * *', startDate: new Date(9), endDate: new Date(8) },
      'INVALID_OPTION',
      'before its `startDate`',
    ],
    ['a', {}, 'INVALID_OPTION', 'neither `cron` nor `every`'],
    ['a', { cron: '0 8 * * *', every: '1m' }, 'INVALID_OPTION', 'both `cron` and `every`'],
    ['a', { every: 50 }, 'INVALID_OPTION', 'is due every 50 ms'],
    ['a', { every: '1m', limit: 0 }, 'INVALID_OPTION', '0 as `limit`'],
    ['a', { every: '1m', limit: 1.5 }, 'INVALID_OPTION', '1.5 as `limit`'],
    ['a', { every: '1m', from: 'end' }, 'INVALID_OPTION', "from: 'end'"],
    ['a', { every: '1m', timeZone: 'UTC' }, 'INVALID_OPTION', 'has `timeZone`, which goes with `cron`'],
    ['a', { cron: '0 8 * * *', offset: '1m' }, 'INVALID_OPTION', 'has `offset`, which goes with `every`'],
    ['a', { cron: '0 8 * * *', disabled: true }, 'INVALID_OPTION', 'crons.pause(name)'],
    ['a', { cron: '0 8 * * *', retries: 3 }, 'INVALID_OPTION', 'Give it to the task'],
    ['a', { cron: '0 8 * * *', task: 'ReportTasks.send' }, 'NOT_A_TASK', 'queue.of(ReportTasks).send'],
    ['a', { cron: '0 8 * * *', args: '7' }, 'INVALID_OPTION', "'7' as `args`"],
    ['a', { cron: '0 8 * * *', args: [() => 7] }, 'UNSERIALIZABLE_ARGUMENT', 'args[0]'],
    ['a', { cron: '0 8 * * *', by: 7 }, 'INVALID_OPTION', 'by'],
  ])('refuses %s with %j', async (name, options, code, message) => {
    const { crons, tasks } = await boot();
    const all = { task: tasks.send, args: ['7'], ...options };
    await expect(crons.set(name, all as never)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await crons.count()).toBe(0);
  });

  it('refuses senders of something else, and options of one call', async () => {
    const { crons, tasks } = await boot();
    const set = (task: unknown) => crons.set('a', { every: '1m', task, args: ['7'] } as never);
    await expect(set(tasks.refresh)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('a broadcast'),
    });
    await expect(set(tasks.send.with({ key: 'k' }))).rejects.toMatchObject({
      message: expect.stringContaining("overlap: 'skip'"),
    });
    await expect(set(tasks.send.with({ delay: '1m' }))).rejects.toMatchObject({
      message: expect.stringContaining('`delay`'),
    });
  });

  it('takes a task that no worker has yet, and the cron is an orphan until one does', async () => {
    const { crons, queue } = await boot();
    await crons.set('a', { every: '1m', task: queue.task<[]>('Unknown.task').with({ queue: 'bulk' }) });
    expect(await crons.get('a')).toMatchObject({
      task: 'Unknown.task',
      queue: 'bulk',
      declared: false,
      nextRun: undefined,
    });
  });

  it('says that arguments cannot be read which others have written', async () => {
    const { crons, tasks } = await boot();
    await crons.set('a', { every: '1m', task: tasks.send, args: ['7'] });
    const definition = (await apps.redis.hget('{nestwork}:run-time-crons', 'a definition')) ?? '';
    const altered = JSON.stringify({ ...JSON.parse(definition), payload: 'nonsense' });
    await apps.redis.hset('{nestwork}:run-time-crons', 'a definition', altered);
    await expect(crons.argumentsOf('a')).rejects.toMatchObject({ code: 'UNDECODABLE_MESSAGE' });
  });

  it('does not take or remove the name of a cron that workers declare', async () => {
    const { crons, tasks } = await boot();
    await apps.redis.hset(
      '{nestwork}:crons',
      'nightly schedule',
      '{}',
      'nightly definition',
      JSON.stringify({
        name: 'nightly',
        queue: 'default',
        schedule: { everyMs: 9_000 },
        missed: 'latest',
        thresholdMs: 1,
        overlap: 'allow',
        disabled: false,
      }),
    );
    await expect(crons.set('nightly', { every: '1m', task: tasks.send, args: ['7'] })).rejects.toMatchObject({
      code: 'CRON_NAME_TAKEN',
    });
    await expect(crons.remove('nightly')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
