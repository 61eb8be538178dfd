import { Inspector } from '../../../src/inspector/inspector.js';
import { KnownQueues } from '../../../src/inspector/queues/known-queues.js';
import { idOf, QUEUES, type Stage } from './stage.js';

const FUTURE = 4_000_000_000_000;

export function looking(stage: () => Stage): void {
  it.each([
    ['oldest', 3],
    ['newest', 2],
  ] as const)('a page, the %s first, has with each task how many were looked at up to it', async (order, looked) => {
    const { broker } = stage();
    const messages = stage().messages(4);
    const [place, at] = [{ queue: 'default', state: 'pending' } as const, order === 'oldest' ? 4 : 0];
    await broker.enqueue('default', messages);
    const query = { order, at, limit: 10, look: 3, task: undefined, id: undefined } as const;
    const all = await broker.places.page(place, query);
    expect(all.tasks.map((task) => task.looked)).toEqual([1, 2, 3]);
    const page = await broker.places.page(place, { ...query, id: idOf(messages[2] ?? '') });
    expect(page).toMatchObject({ looked: 3, left: 1, tasks: [{ head: messages[2], looked }] });
  });

  it('a page of scheduled tasks has when each is due, and how many were looked at up to it', async () => {
    const { broker } = stage();
    const messages = stage().messages(2);
    await broker.enqueue('default', messages, { at: FUTURE });
    const query = { order: 'oldest', at: 2, limit: 10, look: 10, task: undefined, id: undefined } as const;
    const page = await broker.places.page({ queue: 'default', state: 'scheduled' }, query);
    expect(page.tasks).toEqual(messages.map((head, index) => ({ head, dueAt: FUTURE, looked: index + 1 })));
  });

  it('a search misses none that stays while those before it leave', async () => {
    const { broker } = stage();
    const messages = stage().messages(6);
    await broker.enqueue('default', messages);
    const { tasks } = new Inspector(broker, undefined, undefined, KnownQueues.declared(QUEUES));
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const options = { state: 'pending', queue: 'default', limit: 1, ...(cursor && { cursor }) } as const;
      const page = await tasks.search(options, async ({ id }) => {
        await broker.cancel(id);
        return true;
      });
      found.push(...page.tasks.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(found).toEqual(messages.map(idOf));
  });
}
