import { decodeNotes, type TaskNotes } from '../../src/task/task-notes.js';
import { CommandMonitor } from '../support/command-monitor.js';
import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

async function notesOf(id: string): Promise<TaskNotes | undefined> {
  const stored = await fixture.broker.broker.notes.read(id);
  return stored === undefined ? undefined : decodeNotes(stored);
}

/** The lines of a log with their attempts. */
async function logOf(id: string): Promise<string[]> {
  return ((await notesOf(id))?.log ?? []).map(({ attempt, message }) => `${attempt} ${message}`);
}

it('the notes of a task whose process is killed stay, and its next attempt goes on with them', async () => {
  fixture.worker({ children: 1 });
  const id = await fixture.send('note', ['rows', 'gate']);
  const { pid } = await fixture.event('started', 'rows');
  await fixture.until('it is noted', async () => (await logOf(id)).length === 1);
  expect((await notesOf(id))?.progress).toMatchObject({ value: 0.5, message: 'rows', attempt: 1 });
  process.kill(pid, 'SIGKILL');
  await fixture.until('it runs again', () => fixture.events('started', 'rows').length === 2);
  expect(await logOf(id)).toContain('1 began rows');
  fixture.open('gate');
  await fixture.until('it is done', async () => (await notesOf(id))?.end?.state === 'done');
  expect(await logOf(id)).toEqual(['1 began rows', '2 began rows', '2 ended rows']);
  expect((await notesOf(id))?.progress).toMatchObject({ value: 1, message: undefined, attempt: 2 });
  const ttl = await fixture.broker.redis.ttl(`{nestwork}:notes:${id}`);
  expect([ttl > 3_500, ttl <= 3_600]).toEqual([true, true]);
});

it('the notes of a task that crashes for good stay with its record', async () => {
  fixture.worker({ children: 1 });
  const id = await fixture.send('note', ['rows', 'never']);
  for (const attempt of [1, 2, 3]) {
    await fixture.until(`attempt ${attempt} runs`, () => fixture.events('started', 'rows').length === attempt);
    await fixture.until('it is noted', async () => (await logOf(id)).length === attempt);
    process.kill(fixture.events('started', 'rows').at(-1)?.pid ?? 0, 'SIGKILL');
  }
  await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
  const stored = (await fixture.broker.broker.deadLetters.find('default', id))?.notes ?? '';
  expect(decodeNotes(stored)?.log.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect(await notesOf(id)).toBeUndefined();
});

it.each([
  ['block', ['1 to block']],
  ['kill', ['1 to kill', '2 to kill', '3 to kill']],
])('the line that a task logged just before it was to %s its process is in its record', async (how, log) => {
  fixture.worker({ children: 1 });
  const { id } = await fixture.sender('noteAndEnd').with({ hardTimeout: '2s' }).delay('rows', how);
  await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
  const stored = (await fixture.broker.broker.deadLetters.find('default', id))?.notes ?? '';
  expect(decodeNotes(stored)?.log.map(({ attempt, message }) => `${attempt} ${message}`)).toEqual(log);
});

it('the last notes of a child that is stopped are written', async () => {
  const worker = fixture.worker({ children: 1 });
  const id = await fixture.send('note', ['rows', 'gate']);
  await fixture.event('started', 'rows');
  worker.kill('SIGTERM');
  fixture.open('gate');
  expect(await worker.ended()).toBe(0);
  expect((await notesOf(id))?.end?.state).toBe('done');
});

it('a task that notes nothing sends no command for it, and one that does one at once and one for all the rest', async () => {
  fixture.worker({ children: 1, metrics: false });
  await fixture.send('run', ['first']);
  await fixture.event('run', 'first');
  const { redis, server } = fixture.broker;
  const monitor = await CommandMonitor.start(server.port);
  await fixture.sendMany(
    'run',
    Array.from({ length: 200 }, (_, index) => [String(index)]),
  );
  await fixture.event('run', '199');
  await fixture.drained();
  const silent = await monitor.seen(redis);
  fixture.open('gate');
  const id = await fixture.send('note', ['rows', 'gate']);
  await fixture.until('it is done', async () => (await notesOf(id))?.end?.state === 'done');
  const seen = await monitor.seen(redis);
  monitor.stop();
  const writes = seen.filter(([name = '', key]) => /^set$/i.test(name) && key === `{nestwork}:notes:${id}`);
  expect(silent.filter((args) => args.some((arg) => arg.includes('notes')))).toEqual([]);
  expect(silent.length).toBeGreaterThan(0);
  expect(writes.map(([, , stored = '']) => decodeNotes(stored)?.progress?.value)).toEqual([0.5, 1]);
});

it('a worker keeps the last done tasks of a name that asks for it, and none of the others', async () => {
  const worker = fixture.worker({ children: 1 });
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    ids.push(await fixture.send('keep', [String(count)]));
    await fixture.event('run', String(count));
  }
  await fixture.send('run', ['other']);
  await fixture.event('run', 'other');
  worker.kill('SIGTERM');
  expect(await worker.ended()).toBe(0);
  const { done } = fixture.broker.broker;
  const query = { order: 'newest', passed: 0, limit: 10 } as const;
  const { records } = await done.page('FixtureTasks.keep', query);
  expect(records.map(({ id }) => id)).toEqual(ids.slice(2).reverse());
  expect(records.every(({ enqueuedAt, startedAt, endedAt }) => enqueuedAt <= endedAt && startedAt <= endedAt)).toBe(
    true,
  );
  expect(await fixture.broker.redis.keys('{nestwork}:done:*')).toEqual(['{nestwork}:done:FixtureTasks.keep']);
});

it('a worker in the process of an app writes notes, and keeps done tasks', async () => {
  const app = fixture.app();
  fixture.open('gate');
  const id = await fixture.send('note', ['rows', 'gate']);
  const kept = await fixture.send('keep', ['kept']);
  await fixture.until('it is done', async () => (await notesOf(id))?.end?.state === 'done');
  expect(await logOf(id)).toEqual(['1 began rows', '1 ended rows']);
  const { done } = fixture.broker.broker;
  await fixture.until('it is kept', async () => (await done.find('FixtureTasks.keep', kept)) !== undefined);
  app.kill('SIGTERM');
  await app.ended();
});
