import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { MatchingOptions } from '../../src/inspector/tasks/matching-tasks.js';
import type { WalkProgress } from '../../src/inspector/tasks/task-walk.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
let inspector: Inspector;
let progress: WalkProgress[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
beforeEach(async () => {
  progress = [];
  await fixture.child(['default', 'bulk']);
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

function options(more: Partial<MatchingOptions> = {}): MatchingOptions {
  return {
    by: 'anna',
    subject: {},
    cursor: undefined,
    matches: undefined,
    may: async () => true,
    signal: new AbortController().signal,
    onProgress: (one) => progress.push(one),
    ...more,
  };
}

async function schedule(dues: readonly number[], queue = 'default'): Promise<string[]> {
  const messages = fixture.messages(dues.length);
  for (const [index, due] of dues.entries()) await fixture.broker.enqueue(queue, [messages[index] ?? ''], { at: due });
  return messages.map(idOf);
}

const dues = async (): Promise<number[]> => (await fixture.dueTimes()).map(([, due]) => due);

describe('an action on all tasks that match', () => {
  it('cancels them in every state, batch by batch, and leaves those of another name', async () => {
    const [held = ''] = fixture.messages(1);
    await fixture.holderOf([held]);
    const others = Array.from({ length: 120 }, () => fixture.message('Other.task'));
    const wanted = fixture.messages(250);
    // each lies among others
    await fixture.broker.enqueue('default', [...others.slice(0, 60), ...wanted, ...others.slice(60)]);
    await schedule([Date.now() + 60_000], 'bulk');
    const { matching } = inspector.tasks;
    const filter = { task: 'Some.task' };
    expect(await matching.preview('cancel', filter, { matches: undefined, within: '5s' })).toMatchObject({
      matching: 252,
      left: 0,
    });
    const result = await matching.cancel(filter, options({ subject: filter }));
    expect(result).toEqual({ changed: 252, skipped: {} });
    expect((await inspector.tasks.list({ task: 'Some.task', state: 'pending' })).tasks).toEqual([]);
    expect((await inspector.tasks.list({ task: 'Some.task', state: 'scheduled' })).tasks).toEqual([]);
    expect((await inspector.tasks.list({ task: 'Other.task', limit: 500 })).tasks.map(({ id }) => id)).toEqual(
      others.map(idOf),
    );
    expect((await inspector.tasks.get(idOf(held)))?.state).toBe('cancelled');
    expect(progress.at(-1)).toMatchObject({ looked: 372, changed: 252, cursor: undefined });
    // one batch is 100 tasks
    expect(progress.some(({ changed }) => changed > 0 && changed <= 101)).toBe(true);
    expect(await fixture.broker.actions.latest(3)).toMatchObject([
      { action: 'cancel', count: 252, subject: 'task=Some.task', by: 'anna' },
    ]);
    // those that run on are cancelled once
    expect(await matching.cancel(filter, options())).toEqual({ changed: 0, skipped: { 'not there any more': 1 } });
  });

  it('counts all that wait without a look at them when nothing but their place is asked for', async () => {
    await fixture.broker.enqueue('default', fixture.messages(7));
    await schedule([Date.now() + 60_000]);
    const survey = await inspector.tasks.matching.preview('cancel', {}, { matches: undefined, within: '5s' });
    expect(survey).toMatchObject({ matching: 8, looked: 8, left: 0 });
    expect(survey.sample.length).toBe(5);
    const scheduled = await inspector.tasks.matching.preview('reschedule', {}, { matches: undefined, within: '5s' });
    expect(scheduled).toMatchObject({ matching: 1, looked: 1, left: 0 });
  });

  it('passes over those that may not be changed, and never meets them again', async () => {
    await fixture.broker.enqueue('default', fixture.messages(300));
    let asked = 0;
    const may: MatchingOptions['may'] = async () => ++asked % 3 !== 0;
    expect(await inspector.tasks.matching.cancel({}, options({ may }))).toEqual({
      changed: 200,
      skipped: { 'not allowed': 100 },
    });
    expect(asked).toBe(300);
    expect(await fixture.broker.places.sizes([{ queue: 'default', state: 'pending' }])).toEqual([100]);
  });

  it.each([
    ['before all others', -3_600_000],
    ['among them', 150_500],
    ['behind them', 3_600_000],
  ])('moves each once to a time %s', async (_where, offset) => {
    const begin = Date.now() + 7_200_000;
    await schedule(Array.from({ length: 300 }, (_, index) => begin + index * 1_000));
    const due = begin + offset;
    const result = await inspector.tasks.matching.reschedule({}, new Date(due), options());
    expect(result).toEqual({ changed: 300, skipped: {} });
    expect(await dues()).toEqual(Array(300).fill(due));
    expect(await fixture.broker.actions.latest(3)).toMatchObject([{ action: 'move', count: 300, subject: 'all' }]);
  });

  it('that was stopped goes on from its cursor, with the same time for the rest', async () => {
    const begin = Date.now() + 7_200_000;
    await schedule(Array.from({ length: 250 }, (_, index) => begin + index * 1_000));
    const stop = new AbortController();
    const onProgress = (one: WalkProgress): void => {
      progress.push(one);
      stop.abort(new Error('stopped'));
    };
    const { matching } = inspector.tasks;
    await expect(matching.reschedule({}, '1h', options({ signal: stop.signal, onProgress }))).rejects.toThrow(
      'stopped',
    );
    const [first] = progress;
    expect(first).toMatchObject({ looked: 100, changed: 100, total: 250 });
    expect(await fixture.broker.actions.latest(3)).toMatchObject([{ action: 'move', count: 100 }]);
    const cursor = first?.cursor;
    expect(await matching.reschedule({}, '1h', options({ cursor }))).toEqual({ changed: 150, skipped: {} });
    expect(new Set(await dues()).size).toBe(1);
  });

  it('runs scheduled tasks now, and leaves those that wait already where they are', async () => {
    await fixture.broker.enqueue('default', fixture.messages(3));
    await schedule(Array.from({ length: 150 }, () => Date.now() + 3_600_000));
    expect(await inspector.tasks.matching.reschedule({}, undefined, options())).toEqual({ changed: 150, skipped: {} });
    const places = (['pending', 'scheduled'] as const).map((state) => ({ queue: 'default', state }));
    expect(await fixture.broker.places.sizes(places)).toEqual([153, 0]);
    expect(await fixture.broker.actions.latest(3)).toMatchObject([{ action: 'run-now', count: 150 }]);
  });

  it('goes by the arguments where it is asked to, and takes tasks that come meanwhile for none of its own', async () => {
    const messages = Array.from({ length: 700 }, (_, index) => fixture.message('Some.task', index % 7));
    await fixture.broker.enqueue('default', messages);
    const matches: MatchingOptions['matches'] = async (_, args) => args()?.[0] === 3;
    expect(await inspector.tasks.matching.preview('cancel', {}, { matches, within: '5s' })).toMatchObject({
      matching: 100,
      looked: 700,
      left: 0,
    });
    let isFirst = true;
    const onProgress = (): void => {
      if (isFirst) void fixture.broker.enqueue('default', [fixture.message('Some.task', 1)]);
      isFirst = false;
    };
    expect(await inspector.tasks.matching.cancel({}, options({ matches, onProgress }))).toEqual({
      changed: 100,
      skipped: {},
    });
    expect((await inspector.tasks.list({ text: '[3]' })).tasks).toEqual([]);
  });

  it.each(['x', 'WyJhIl0', 'WyJwZW5kaW5nIiwiYSIsLTEsIiIsIiIsbnVsbF0'])(
    'refuses the cursor %j, which is none of its own',
    async (cursor) => {
      const cancelled = inspector.tasks.matching.cancel({}, options({ cursor }));
      await expect(cancelled).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    },
  );
});
