import type { DeadQuery, Death } from '../../../src/broker/broker.js';
import { countersOf, idOf, MINUTE_MS, type Stage } from './stage.js';

export function deadLetters(stage: () => Stage): void {
  /** Ids of dead tasks, some of which died in one instant or nearly so, the oldest first. */
  async function deaths(count: number): Promise<Death[]> {
    const dead: Death[] = [];
    for (let index = 0; index < count; index += 1) {
      const id = await stage().dead();
      const entry = await stage().broker.deadLetters.find('default', id);
      if (entry) dead.push({ id, diedAt: entry.diedAt });
    }
    return dead.sort((a, b) => a.diedAt - b.diedAt || (a.id < b.id ? -1 : 1));
  }

  async function read(query: Partial<DeadQuery>): Promise<{ ids: string[]; more: boolean }> {
    const all = { range: {}, order: 'oldest', limit: 100, ...query } as const;
    const { entries, more } = await stage().broker.deadLetters.read('default', all);
    return { ids: entries.map(({ id }) => id), more };
  }

  it('reads the dead page by page, in both directions, also behind one that has left', async () => {
    const dead = await deaths(5);
    const ids = dead.map(({ id }) => id);
    expect(await read({})).toEqual({ ids, more: false });
    expect(await read({ order: 'newest', limit: 2 })).toEqual({ ids: ids.slice(3).reverse(), more: true });
    expect(await read({ limit: 2, after: dead[1] })).toEqual({ ids: ids.slice(2, 4), more: true });
    await stage().broker.deadLetters.remove('default', dead.slice(1, 2));
    expect(await read({ after: dead[1] })).toEqual({ ids: ids.slice(2), more: false });
    expect(await read({ after: dead[1], order: 'newest' })).toEqual({ ids: ids.slice(0, 1), more: false });
  });

  it('reads and counts a range of time, both ends in it', async () => {
    const { broker, world } = stage();
    await stage().dead();
    await world.letTimePass(MINUTE_MS);
    const id = await stage().dead();
    const diedAt = (await broker.deadLetters.find('default', id))?.diedAt ?? 0;
    expect(await read({ range: { since: diedAt, until: diedAt } })).toEqual({ ids: [id], more: false });
    expect(await broker.deadLetters.count('default', { since: diedAt })).toBe(1);
    expect(await broker.deadLetters.count('default', { until: diedAt - 1 })).toBe(1);
    expect(await broker.deadLetters.count('default', {})).toBe(2);
    expect(await broker.deadLetters.count('bulk', {})).toBe(0);
  });

  it('lets the dead run again from the tail, counters anew, with their history', async () => {
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
    const { tasks } = await stage().claim(await stage().child());
    expect(tasks.map((task) => task.id)).toEqual([idOf(pending), id]);
    const again = tasks[1]?.message ?? '';
    expect(countersOf(again)).toEqual({ failures: 0, crashes: 0, suspicions: 0 });
    expect(again.split('\n').at(-1)).toMatch(/^\{"at":\d+,"code":"REDRIVEN"\}$/);
    expect(await broker.deadLetters.count('default', {})).toBe(0);
  });

  it('removes deaths that it knows, not later ones of the same task', async () => {
    const { broker } = stage();
    const [death = { id: '', diedAt: 0 }] = await deaths(1);
    expect(await broker.deadLetters.remove('default', [{ ...death, diedAt: death.diedAt - 1 }])).toBe(0);
    expect(await broker.deadLetters.remove('default', [death, death])).toBe(1);
    expect(await broker.deadLetters.find('default', death.id)).toBeUndefined();
  });

  it('purges by age and by number, the oldest first, no more than asked for', async () => {
    const { broker, world } = stage();
    const old = (await deaths(3)).map(({ id }) => id);
    await world.letTimePass(MINUTE_MS);
    const young = (await deaths(2)).map(({ id }) => id);
    expect(await broker.deadLetters.purge('default', {}, 10)).toBe(0);
    expect(await broker.deadLetters.purge('default', { retentionMs: MINUTE_MS / 2 }, 2)).toBe(2);
    expect((await read({})).ids).toEqual([...old.slice(2), ...young]);
    expect(await broker.deadLetters.purge('default', { retentionMs: MINUTE_MS / 2 }, 10)).toBe(1);
    expect(await broker.deadLetters.purge('default', { most: 1 }, 10)).toBe(1);
    expect((await read({})).ids).toEqual(young.slice(1));
  });
}
