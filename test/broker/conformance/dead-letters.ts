import type { DeadQuery, Death } from '../../../src/broker/port/broker.js';
import { decodeMessage } from '../../../src/message/task-message.js';
import { countersOf, idOf, LINE, MINUTE_MS, type Stage } from './stage.js';

const DROP = { due: undefined, replace: false };

export function deadLetters(stage: () => Stage): void {
  async function read(query: Partial<DeadQuery>): Promise<{ ids: string[]; more: boolean }> {
    const all = { range: {}, order: 'oldest', limit: 100, ...query } as const;
    const { entries, more } = await stage().broker.deadLetters.read('default', all);
    return { ids: entries.map(({ id }) => id), more };
  }

  it('dead tasks are read page by page, in both directions, also behind one that has left', async () => {
    const dead = await stage().deaths(5);
    const ids = dead.map(({ id }) => id);
    expect(await read({})).toEqual({ ids, more: false });
    expect(await read({ order: 'newest', limit: 2 })).toEqual({ ids: ids.slice(3).reverse(), more: true });
    expect(await read({ limit: 2, after: dead[1] })).toEqual({ ids: ids.slice(2, 4), more: true });
    await stage().broker.deadLetters.remove('default', dead.slice(1, 2));
    expect(await read({ after: dead[1] })).toEqual({ ids: ids.slice(2), more: false });
    expect(await read({ after: dead[1], order: 'newest' })).toEqual({ ids: ids.slice(0, 1), more: false });
  });

  it('dead tasks are read and counted by a range of time, with both ends in it', async () => {
    const { broker, world } = stage();
    await stage().dead();
    await world.letTimePass(MINUTE_MS);
    const id = await stage().dead();
    const diedAt = (await broker.deadLetters.find('default', id))?.diedAt ?? 0;
    expect(await read({ range: { since: diedAt, until: diedAt } })).toEqual({ ids: [id], more: false });
    const queues = ['default', 'bulk'];
    expect(await broker.deadLetters.counts(queues, { since: diedAt })).toEqual([1, 0]);
    expect(await broker.deadLetters.counts(queues, { until: diedAt - 1 })).toEqual([1, 0]);
    expect(await broker.deadLetters.counts(queues, {})).toEqual([2, 0]);
  });

  it('redriven tasks run again from the tail of their queue, with new counters and their history', async () => {
    const { broker } = stage();
    const message = stage().message('é');
    const id = await stage().dead(message);
    const [pending = ''] = stage().messages(1);
    await broker.enqueue('default', [pending]);
    const death = (await broker.deadLetters.find('default', id)) as Death;
    const stale = { id, diedAt: death.diedAt - 1 };
    expect(await broker.deadLetters.redrive('default', [stale, death, death])).toEqual([
      'not-found',
      'redriven',
      'not-found',
    ]);
    expect((await stage().next()).id).toBe(idOf(pending));
    const { message: again } = await stage().next();
    expect(idOf(again)).toBe(id);
    expect(countersOf(again)).toEqual({ failures: 0, crashes: 0, suspicions: 0 });
    expect(again.split('\n').at(-1)).toMatch(/^\{"at":\d+,"code":"REDRIVEN"\}$/);
    expect(await broker.deadLetters.counts(['default'], {})).toEqual([0]);
  });

  it('a task that is redriven with other arguments has them, its options and tags, and its history has those before', async () => {
    const { broker } = stage();
    const message = stage().unique('k', 'finished', 'é');
    const id = await stage().dead(message);
    const death = (await broker.deadLetters.find('default', id)) as Death;
    const edit = { body: '["Some.task",["ü"],{"retries":2}]', sent: '["é"]' };
    const stale = { id, diedAt: death.diedAt - 1 };
    expect(await broker.deadLetters.redriveEdited('default', stale, edit)).toBe('not-found');
    expect(await broker.deadLetters.redriveEdited('default', death, edit)).toBe('redriven');
    expect(await broker.deadLetters.redriveEdited('default', death, edit)).toBe('not-found');
    const { message: again } = await stage().next();
    expect(idOf(again)).toBe(id);
    expect(countersOf(again)).toEqual({ failures: 0, crashes: 0, suspicions: 0 });
    expect(decodeMessage(again)).toMatchObject({ name: 'Some.task', args: ['ü'], options: { retries: 2 } });
    expect(again.slice(34, 62)).toBe(message.slice(34, 62));
    const [, first, last] = again.split('\n');
    expect(`\n${first}`).toBe(LINE);
    expect(last).toMatch(/^\{"at":\d+,"code":"REDRIVEN","sent":\["é"\]\}$/);
    expect(await broker.enqueueUnique('default', stage().unique('k'), DROP)).toMatchObject({ id });
  });

  it('remove deletes the given deaths, but no later death of the same task', async () => {
    const { broker } = stage();
    const [death = { id: '', diedAt: 0 }] = await stage().deaths(1);
    expect(await broker.deadLetters.remove('default', [{ ...death, diedAt: death.diedAt - 1 }])).toBe(0);
    expect(await broker.deadLetters.remove('default', [death, death])).toBe(1);
    expect(await broker.deadLetters.find('default', death.id)).toBeUndefined();
  });
}
