/** Limits over HTTP: the list, one of them with its keys, what is set and reset, and where others name them. */
import type { Claimant, LimitDeclaration } from '../../src/broker/port/broker.js';
import type { DashboardAction, DashboardSubject } from '../../src/dashboard/index.js';
import type { ActionsPage } from '../../src/dashboard/screens/actions/wire.js';
import type { KeyLine, KeysPage, LimitLine, LimitsPage } from '../../src/dashboard/screens/limits/wire.js';
import type { QueueAnswer } from '../../src/dashboard/screens/queue/wire.js';
import type { TaskView } from '../../src/dashboard/screens/task/wire.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { limitKey, nameOfQueueLimit } from '../../src/message/limit-tag.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { DashboardApp, type DashboardAppOptions } from '../support/dashboard-app.js';
import { limitedMessages } from '../support/limited-tasks.js';

const STRIPE: LimitDeclaration = { name: 'stripe', concurrency: 1, keyed: true, ordered: false };
const EXPORTS: LimitDeclaration = { name: 'exports', concurrency: 2, keyed: false, ordered: false };
const LEDGER: LimitDeclaration = { name: 'ledger', concurrency: 1, keyed: true, ordered: true };
const MAIL: LimitDeclaration = {
  ...{ name: nameOfQueueLimit('default'), queue: 'default', keyed: false, ordered: false },
  ...{ intervalUs: 50_000, burst: 3 },
};
const HOUR_MS = 3_600_000;

let fixture: BrokerFixture;
let inspector: Inspector;
let dashboard: DashboardApp;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = new Inspector(fixture.broker);
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** A worker that declares limits. */
function declare(...limits: readonly LimitDeclaration[]): Promise<Claimant> {
  return fixture.child(['default'], undefined, limits);
}

/** So many tasks with a key of a limit, of which the first ones start. Resolves to their ids. */
async function send(count: number, name: string, key?: string): Promise<string[]> {
  const digest = limitKey(name, key);
  const messages = limitedMessages(fixture, count, { limits: [digest] });
  await fixture.broker.enqueueLimited('default', messages, { labels: key === undefined ? [] : [digest, key] });
  return messages.map(idOf);
}

async function start(child: Claimant): Promise<void> {
  await fixture.broker.claim(child, { number: 1, limit: 10, limited: 8, acks: [] });
}

async function limitOf(name: string): Promise<LimitLine> {
  return (await dashboard.get<LimitLine>('limit', { name })).body;
}

async function keysOf(name: string, on = dashboard): Promise<readonly KeyLine[]> {
  return (await on.get<KeysPage>('limit/keys', { name })).body.keys;
}

/** Another dashboard of the same namespace, for one test. */
async function at<T>(options: DashboardAppOptions, does: (other: DashboardApp) => Promise<T>): Promise<T> {
  const other = await DashboardApp.start(fixture.server.url, options);
  try {
    return await does(other);
  } finally {
    await other.close();
  }
}

/** Everything but one action, and what `can` was asked. */
function without(denied: DashboardAction): {
  readonly options: DashboardAppOptions;
  readonly asked: DashboardSubject[];
} {
  const asked: DashboardSubject[] = [];
  const can = (action: DashboardAction, subject: DashboardSubject): boolean => {
    if (action === denied) asked.push(subject);
    return action !== denied;
  };
  return { options: { can }, asked };
}

describe('the list of limits', () => {
  it('has what is declared and set, how much is used, how many lines wait, and what stops', async () => {
    const child = await declare(STRIPE, EXPORTS, MAIL);
    await inspector.limits.set('exports', { concurrency: 0 }, { for: '1h', by: 'anna' });
    await send(2, 'stripe', 'acme');
    await send(1, 'exports');
    await start(child);
    const { status, body } = await dashboard.get<LimitsPage>('limits');
    const plain = { ordered: false, ownKeys: 0, stops: false, keyed: false };
    expect([status, body]).toMatchObject([
      200,
      {
        limits: [
          {
            ...{ ...plain, name: 'exports', allows: '0 at once', stops: true, declared: '2 at once', used: '0 of 0' },
            ...{ waiting: '1 task', set: { amounts: '0 at once', by: 'anna' } },
          },
          {
            ...{ ...plain, name: 'queue default', queue: 'default', allows: '20/s (burst 3)' },
            ...{ declared: '20/s (burst 3)', used: '1' },
          },
          {
            ...{ ...plain, name: 'stripe', keyed: true, allows: '1 at once', declared: '1 at once' },
            ...{ used: '1 with 1 key', waiting: '1 task' },
          },
        ],
      },
    ]);
    const [{ set } = {}] = body.limits;
    const { override } = await inspector.limits.get('exports');
    expect([set?.since, set?.until]).toEqual([override?.since.toISOString(), override?.until?.toISOString()]);
  });

  it('goes on where the page before ended, and refuses a cursor that is none', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `limit-${String(n).padStart(2, '0')}`);
    await declare(...names.map((name) => ({ ...EXPORTS, name })));
    const { body: first } = await dashboard.get<LimitsPage>('limits');
    const { body: second } = await dashboard.get<LimitsPage>('limits', { cursor: first.cursor ?? '' });
    expect([first.limits.length, second.limits.length, second.cursor]).toEqual([50, 10, undefined]);
    expect([...first.limits, ...second.limits].map(({ name }) => name)).toEqual(names);
    const wrong = await dashboard.get('limits', { cursor: 'x' });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_OPTION' } });
  });
});

describe('one limit', () => {
  it('that only its rate keeps shut says when the next task may start', async () => {
    const child = await declare({ ...EXPORTS, intervalUs: HOUR_MS * 1_000, burst: 1 });
    await send(2, 'exports');
    await start(child);
    const { opensAt, used } = await limitOf('exports');
    expect([used, Date.parse(opensAt ?? '') > Date.now()]).toEqual(['1 of 2', true]);
  });

  it('that nobody declares is answered with 404 and the name that was meant', async () => {
    await declare(STRIPE);
    for (const path of ['limit', 'limit/keys', 'limit/key']) {
      const answer = await dashboard.get(path, { name: 'strpie', key: 'acme' });
      expect(answer).toMatchObject({
        status: 404,
        body: { code: 'UNKNOWN_LIMIT', message: 'No limit strpie is known. Did you mean stripe?' },
      });
    }
    for (const path of ['limits/set', 'limits/reset']) {
      const answer = await dashboard.post(path, { limit: 'strpie', concurrency: '1' });
      expect(answer).toMatchObject({ status: 404, body: { code: 'UNKNOWN_LIMIT' } });
      expect(await dashboard.get(path, { limit: 'strpie' })).toMatchObject({ status: 404 });
    }
  });
});

describe('the keys of a limit', () => {
  it('have those with something of their own first, with what each allows, holds and keeps waiting', async () => {
    const child = await declare(STRIPE);
    await inspector.limits.set('stripe', { key: 'bell', rate: '5/h', concurrency: null }, { by: 'anna' });
    await send(2, 'stripe', 'acme');
    await start(child);
    expect(await keysOf('stripe')).toMatchObject([
      {
        key: 'bell',
        allows: '5/h (burst 1)',
        used: '0',
        set: { amounts: 'any number at once, 5/h (burst 1)' },
      },
      { key: 'acme', allows: '1 at once', used: '1 of 1', waiting: '1 task' },
    ]);
  });

  it('come page by page', async () => {
    await declare(STRIPE);
    for (let n = 0; n < 60; n += 1) await send(1, 'stripe', `tenant-${n}`);
    const child = await declare(STRIPE);
    for (let n = 1; n <= 8; n += 1) await fixture.broker.claim(child, { number: n, limit: 10, limited: 8, acks: [] });
    const seen = new Set<string | undefined>();
    let cursor: string | undefined;
    do {
      const page: KeysPage = (
        await dashboard.get<KeysPage>('limit/keys', { name: 'stripe', ...(cursor !== undefined && { cursor }) })
      ).body;
      for (const { key } of page.keys) seen.add(key);
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(seen.size).toBe(60);
  });

  it('are found in clear, also one that nobody holds', async () => {
    const child = await declare(STRIPE);
    await send(1, 'stripe', 'acme');
    await start(child);
    const find = async (key: string) => (await dashboard.get<KeyLine>('limit/key', { name: 'stripe', key })).body;
    expect(await find('acme')).toMatchObject({ key: 'acme', used: '1 of 1' });
    expect(await find('nobody')).toMatchObject({ key: 'nobody', used: '0 of 1' });
  });

  it('are none of a limit without keys', async () => {
    await declare(EXPORTS);
    for (const path of ['limit/keys', 'limit/key']) {
      const { status, body } = await dashboard.get(path, { name: 'exports', key: 'acme' });
      expect([status, body]).toMatchObject([400, { code: 'INVALID_OPTION' }]);
      expect(JSON.stringify(body)).toContain('has no keys');
    }
  });
});

describe('a key that a person may not see', () => {
  /** A task with the key acme waits, and the key was set and reset. Resolves to its id. */
  async function hiddenKey(): Promise<string> {
    const child = await declare(STRIPE);
    const [, waits = ''] = await send(2, 'stripe', 'acme');
    await start(child);
    await inspector.limits.set('stripe', { key: 'acme', concurrency: 0 }, { by: 'anna' });
    return waits;
  }

  /** All that the dashboard answers where it would be. */
  async function answersOf(on: DashboardApp, id: string): Promise<string> {
    const answers = await Promise.all([
      on.get('limit/keys', { name: 'stripe' }),
      on.get('task', { id }),
      on.get('actions'),
      on.get('limits'),
      on.get('snapshot'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    return JSON.stringify(answers.map(({ body }) => body));
  }

  it('is in every answer for others', async () => {
    const id = await hiddenKey();
    expect((await answersOf(dashboard, id)).match(/acme/g)?.length).toBeGreaterThan(2);
  });

  it('is in no answer without the right to see arguments, which is asked for the limit', async () => {
    const id = await hiddenKey();
    const { options, asked } = without('arguments');
    await at(options, async (other) => {
      expect(await answersOf(other, id)).not.toContain('acme');
      const [line] = await keysOf('stripe', other);
      expect(line).toMatchObject({
        digest: limitKey('stripe', 'acme').slice(6),
        why: 'The right "arguments" is missing.',
      });
      const { body: view } = await other.get<TaskView>('task', { id });
      expect(view.sentences[0]).toBe(
        'The limit stripe for a hidden key is set to 0 by anna, until it is reset: nothing starts.',
      );
      expect(view.limits).toEqual([{ name: 'stripe', words: 'limit stripe for a hidden key' }]);
      const { actions } = (await other.get<ActionsPage>('actions')).body;
      expect(actions[0]).toMatchObject({ subject: 'stripe, a hidden key', to: ['limits', 'stripe'] });
      const found = await other.get('limit/key', { name: 'stripe', key: 'acme' });
      expect(found).toMatchObject({ status: 403, body: { code: 'NOT_ALLOWED' } });
    });
    expect(asked).toContainEqual({ namespace: 'nestwork', limit: 'stripe' });
  });

  it('is hidden in the list of actions also where its limit has the name `queue`, as limits of queues begin', async () => {
    await declare({ ...STRIPE, name: 'queue' }, MAIL);
    await inspector.limits.set('queue', { key: 'acme', rate: '5/s' });
    await inspector.limits.set('queue default', { rate: '5/s' });
    const subjectsOf = async (on: DashboardApp): Promise<string[]> =>
      (await on.get<ActionsPage>('actions')).body.actions.map(({ subject }) => subject);
    expect(await subjectsOf(dashboard)).toEqual(['queue default', 'queue acme']);
    await at(without('arguments').options, async (other) => {
      expect(await subjectsOf(other)).toEqual(['queue default', 'queue, a hidden key']);
    });
  });

  it.each([
    'limits.stripe',
    'limits',
    '*',
    (value: unknown, { path }: { path: string }) => path === 'limits.stripe' && value === 'acme',
  ])('is in no answer where the rule %s hides it', async (rule) => {
    const id = await hiddenKey();
    await at({ redact: [rule] }, async (other) => {
      expect(await answersOf(other, id)).not.toContain('acme');
      expect(await keysOf('stripe', other)).toMatchObject([{ why: 'The option redact hides it.' }]);
      const found = await other.get('limit/key', { name: 'stripe', key: 'acme' });
      expect(found).toMatchObject({ status: 400, body: { code: 'HIDDEN' } });
    });
  });

  it('is shown where a rule hides keys of another limit', async () => {
    const id = await hiddenKey();
    await at({ redact: ['limits.exports', 'limits["a.b"]', '[0]'] }, async (other) => {
      expect(await answersOf(other, id)).toContain('acme');
    });
  });
});

describe('the setting of a limit', () => {
  it('asks first what becomes of it, with what is declared and set', async () => {
    await declare(EXPORTS, STRIPE);
    const { body } = await dashboard.get<{ lines: readonly string[] }>('limits/set', { limit: 'exports' });
    expect(body).toMatchObject({ title: 'Set the limit exports', main: 'Set it' });
    expect(body.lines).toEqual([expect.stringContaining('2 at once'), expect.stringContaining('whole cluster')]);
    await inspector.limits.set('stripe', { allKeys: true, rate: '5/s' }, { by: 'jonas' });
    const keyed = await dashboard.get<{ lines: readonly string[] }>('limits/set', { limit: 'stripe' });
    expect(keyed.body.lines[0]).toBe('Set now for all keys: 5/s (burst 1) by jonas until it is reset.');
    const one = await dashboard.get<{ lines: readonly string[] }>('limits/set', { limit: 'stripe', key: 'acme' });
    expect(one.body.lines[0]).toContain('An empty field is as for all keys: 1 at once, 5/s (burst 1).');
    expect(one.body).toMatchObject({
      title: 'Set the limit stripe for acme',
      lines: [expect.anything(), expect.anything()],
    });
  });

  it('takes what the form has, is recorded and audited under the name of the person', async () => {
    await declare(EXPORTS, STRIPE, MAIL);
    const none = { key: '', concurrency: '', rate: '', burst: '', for: '' };
    for (const body of [
      { limit: 'exports', concurrency: '0', for: '1h' },
      { ...none, limit: 'stripe', scope: 'all', concurrency: 'any', rate: ' 100/m ' },
      { ...none, limit: 'stripe', scope: 'key', key: 'acme', rate: '200/s', burst: '7' },
      { ...none, limit: 'queue default', rate: 'any' },
    ]) {
      expect(await dashboard.post('limits/set', body)).toMatchObject({ status: 200, body: { limit: body.limit } });
    }
    const stops = await limitOf('exports');
    expect([stops.stops, stops.set?.amounts, stops.set?.by]).toEqual([true, '0 at once', 'anna']);
    expect(Date.parse(stops.set?.until ?? '')).toBeGreaterThanOrEqual(Date.parse(stops.set?.since ?? '') + HOUR_MS);
    expect(await limitOf('stripe')).toMatchObject({ allows: '100/m (burst 1)', set: { by: 'anna' }, ownKeys: 1 });
    expect(await keysOf('stripe')).toMatchObject([{ key: 'acme', allows: '200/s (burst 7)' }]);
    expect((await limitOf('queue default')).allows).toBe('any number');
    const entry = { by: 'anna', action: 'set-limit', outcome: 'done', count: 1 };
    const namespace = 'nestwork';
    expect(dashboard.audited).toMatchObject([
      { ...entry, subject: { namespace, limit: 'exports' } },
      { ...entry, subject: { namespace, limit: 'stripe' } },
      { ...entry, subject: { namespace, limit: 'stripe', key: 'acme' } },
      { ...entry, subject: { namespace, limit: 'queue default', queue: 'default' } },
    ]);
    const { actions } = (await dashboard.get<ActionsPage>('actions')).body;
    expect(actions[1]?.details).toBe('200/s (burst 7)');
    expect(actions.map(({ by, action, subject, to }) => [by, action, subject, to])).toEqual([
      ['anna', 'set-limit', 'queue default', ['limits', 'queue default']],
      ['anna', 'set-limit', 'stripe acme', ['limits', 'stripe', { key: 'acme' }]],
      ['anna', 'set-limit', 'stripe', ['limits', 'stripe']],
      ['anna', 'set-limit', 'exports', ['limits', 'exports']],
    ]);
  });

  it.each([
    [{ limit: 'exports' }, 'Write how many at once, how many starts, or both.'],
    [{ limit: 'exports', concurrency: 'many' }, "“At once” is 'many'. Give a whole number from 0 to 1000000."],
    [{ limit: 'exports', concurrency: '1000001' }, '“At once” is 1000001. Give a whole number from 0 to 1000000.'],
    [{ limit: 'exports', rate: '0/s' }, "“Starts” is '0/s'. Give a number of starts and a time: '20/s',"],
    [{ limit: 'exports', rate: '5/s', burst: '0' }, '“Burst” is 0. Give a whole number from 1 to 1000000.'],
    [{ limit: 'exports', concurrency: '5', burst: '2' }, 'A burst needs a number of starts.'],
    [{ limit: 'exports', concurrency: '5', rate: 'any', burst: '2' }, 'A burst needs a number of starts.'],
    [{ limit: 'exports', rate: '5/s', for: 'ever' }, "“How long” is 'ever', which is not a valid duration."],
    [{ limit: 'exports', rate: '5/s', for: '0s' }, '“How long” is 0. Give a longer time'],
    [{ limit: 'exports', rate: '5/s', key: 'acme' }, 'The limit has no keys: leave the key out.'],
    [{ limit: 'exports', rate: '5/s', scope: 'all' }, 'The limit has no keys: leave the key out.'],
    [{ limit: 'stripe', rate: '5/s' }, 'Write a key, or choose all keys.'],
    [{ limit: 'stripe', rate: '5/s', scope: 'key', key: '' }, 'Write a key, or choose all keys.'],
    [
      { limit: 'ledger', scope: 'all', concurrency: '2' },
      '“At once” is 2. Give 0 or 1: the limit "ledger" keeps the order.',
    ],
    [{ rate: '5/s' }, '"limit" is missing'],
  ])('%j is refused in the words of the form, and changes nothing', async (body, message) => {
    await declare(EXPORTS, STRIPE, LEDGER);
    const answer = await dashboard.post<{ message: string }>('limits/set', body);
    expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining(message)]);
    const { limits } = await inspector.limits.list();
    expect(limits.flatMap(({ override, ownKeys }) => [override, ownKeys])).toEqual(
      Array(3).fill([undefined, 0]).flat(),
    );
  });

  it('of a key that no function may return is refused', async () => {
    await declare(STRIPE);
    const body = { limit: 'stripe', rate: '5/s', key: 'x'.repeat(1_001) };
    const answer = await dashboard.post<{ message: string }>('limits/set', body);
    expect([answer.status, answer.body.message]).toEqual([
      400,
      expect.stringMatching(/^“Key” is .*1,000 characters\.$/),
    ]);
  });

  it('needs its right, for which `can` gets the limit, its key, and the queue of that of a queue', async () => {
    await declare(STRIPE, MAIL);
    const { options, asked } = without('set-limit');
    await at(options, async (other) => {
      for (const path of ['limits/set', 'limits/reset']) {
        expect(await other.post(path, { limit: 'stripe', key: 'acme', rate: '5/s' })).toMatchObject({ status: 403 });
        expect(await other.post(path, { limit: 'queue default', rate: '5/s' })).toMatchObject({ status: 403 });
        // what is set for a key is for those who may change it
        expect(await other.get(path, { limit: 'stripe', key: 'acme' })).toMatchObject({ status: 403 });
        expect(await other.get(path, { limit: 'stripe' })).toMatchObject({ status: 200 });
      }
    });
    const namespace = 'nestwork';
    expect(asked.slice(0, 3)).toEqual([
      { namespace, limit: 'stripe', key: 'acme' },
      { namespace, limit: 'queue default', queue: 'default' },
      { namespace, limit: 'stripe', key: 'acme' },
    ]);
    expect((await inspector.limits.get('stripe')).ownKeys).toBe(0);
  });
});

describe('the reset of a limit', () => {
  it('asks first, ends what was set, and is audited', async () => {
    await declare(EXPORTS, STRIPE);
    await inspector.limits.set('exports', { concurrency: 0 }, { by: 'jonas' });
    await inspector.limits.set('stripe', { key: 'acme', concurrency: 5 }, { by: 'jonas' });
    await inspector.limits.set('stripe', { allKeys: true, concurrency: 6 }, { by: 'jonas' });
    const question = await dashboard.get('limits/reset', { limit: 'stripe', key: 'acme' });
    expect(question.body).toMatchObject({
      title: 'Reset the limit stripe for acme?',
      lines: [
        'It ends: 5 at once by jonas until it is reset.',
        'It is again as for all keys: 6 at once. Tasks that wait start as soon as that lets them.',
      ],
      main: 'Reset it',
    });
    for (const body of [{ limit: 'exports' }, { limit: 'stripe', key: 'acme' }, { limit: 'stripe', scope: 'all' }]) {
      expect(await dashboard.post('limits/reset', body)).toMatchObject({ status: 200, body: { reset: true } });
    }
    const { body } = await dashboard.get<LimitsPage>('limits');
    expect(body.limits.map(({ set, ownKeys }) => [set, ownKeys])).toEqual(Array(2).fill([undefined, 0]));
    expect(dashboard.audited.map(({ outcome, count }) => [outcome, count])).toEqual(Array(3).fill(['done', 1]));
  });

  it('lifts the stop of a task, which the pages of the limit and of its key show', async () => {
    const child = await declare(EXPORTS, STRIPE);
    for (const [n, [name, key]] of [['exports'], ['stripe', 'acme']].entries()) {
      const [id = ''] = await send(1, name as string, key);
      await fixture.broker.claim(child, { number: n + 1, limit: 10, limited: 8, acks: [] });
      const stop = { limit: limitKey(name as string, key), ms: HOUR_MS };
      const again = { inMs: HOUR_MS, failures: 0, line: '\n{"at":7}', counts: true, stop };
      await fixture.broker.retry(child, { id, queue: 'default' }, again);
    }
    const { stoppedUntil = '', stops, ownKeys } = await limitOf('exports');
    expect([Date.parse(stoppedUntil) > Date.now(), stops, ownKeys]).toEqual([true, false, 0]);
    expect(await keysOf('stripe')).toMatchObject([{ key: 'acme', stoppedUntil: expect.any(String) }]);
    const { body } = await dashboard.get('limits/reset', { limit: 'exports' });
    const until = `${stoppedUntil.slice(0, 10)} ${stoppedUntil.slice(11, 19)}Z`;
    expect(body).toMatchObject({
      lines: [`The stop by a task ends, which would last until ${until}.`, expect.anything()],
    });
    expect(await dashboard.post('limits/reset', { limit: 'stripe', scope: 'all' })).toMatchObject({
      body: { reset: false },
    });
    for (const scope of [{ limit: 'exports' }, { limit: 'stripe', key: 'acme' }]) {
      expect(await dashboard.post('limits/reset', scope)).toMatchObject({ status: 200, body: { reset: true } });
    }
    expect([(await limitOf('exports')).stoppedUntil, await keysOf('stripe')]).toEqual([undefined, []]);
  });

  it('of one for which nothing is set changes nothing, and the question says so', async () => {
    await declare(EXPORTS);
    const { body } = await dashboard.get<{ main?: string }>('limits/reset', { limit: 'exports' });
    expect([body.main, body]).toMatchObject([undefined, { title: 'Nothing is set for the limit exports.' }]);
    expect(await dashboard.post('limits/reset', { limit: 'exports' })).toMatchObject({ body: { reset: false } });
    expect(dashboard.audited).toMatchObject([{ action: 'set-limit', outcome: 'done', count: 0 }]);
    expect(await inspector.actions.list()).toEqual([]);
  });
});

describe('the limit of a queue for which no worker declares one', () => {
  const NAME = nameOfQueueLimit('default');

  it('is shown as none, is set and reset, and is none again', async () => {
    await declare();
    const { body: none } = await dashboard.get<LimitLine>('limit', { name: NAME });
    expect(none).toEqual({
      ...{ name: NAME, queue: 'default', keyed: false, ordered: false, ownKeys: 0, stops: false },
      ...{ allows: 'any number', declared: 'by no worker', used: 'not counted' },
    });
    const set = await dashboard.post('limits/set', { limit: NAME, rate: '5/s', for: '1h' });
    expect(set).toMatchObject({ status: 200, body: { limit: NAME } });
    expect(await inspector.limits.get(NAME)).toMatchObject({ rate: '5/s', declared: undefined });
    expect(await limitOf(NAME)).toMatchObject({
      ...{ allows: '5/s (burst 1)', declared: 'by no worker', used: '0' },
      set: { by: 'anna', amounts: '5/s (burst 1)' },
    });
    const { body: question } = await dashboard.get<{ lines: readonly string[] }>('limits/reset', { limit: NAME });
    expect(question.lines.at(-1)).toBe('After that the queue has no limit: tasks that wait for it start.');
    expect(await dashboard.post('limits/reset', { limit: NAME })).toMatchObject({ body: { reset: true } });
    expect(await limitOf(NAME)).toMatchObject({ allows: 'any number', used: 'not counted' });
    const subject = { namespace: 'nestwork', limit: NAME, queue: 'default' };
    expect(dashboard.audited).toMatchObject(Array(2).fill({ action: 'set-limit', outcome: 'done', subject }));
  });

  it('is asked for with what an empty field is, also before the queue is chosen', async () => {
    await declare();
    const ask = async (about: Record<string, string>) => {
      const { body } = await dashboard.get<{ title: string; lines: readonly string[] }>('limits/set', about);
      return [body.title, body.lines[0]];
    };
    expect(await ask({ limit: NAME })).toEqual([
      'Set the limit queue default',
      'An empty field is any number: no worker declares it. “any” is any number; with 0 at once nothing starts.',
    ]);
    expect(await ask({})).toEqual([
      'Set the limit of a queue',
      'An empty field is as declared, and any number where no worker declares it. With 0 at once nothing starts.',
    ]);
  });

  it('is none of a queue that no worker has served', async () => {
    await declare();
    const answer = await dashboard.post('limits/set', { limit: 'queue defualt', rate: '5/s' });
    expect(answer).toMatchObject({
      status: 404,
      body: {
        code: 'UNKNOWN_LIMIT',
        message: "No limit queue defualt is known. Did you mean 'queue default'?",
      },
    });
  });
});

describe('other pages', () => {
  it('name the limits of a task that waits, and that of a queue, as their pages are called', async () => {
    const child = await declare(STRIPE, MAIL);
    const [, waits = ''] = await send(2, 'stripe', 'acme');
    await start(child);
    const { body: view } = await dashboard.get<TaskView>('task', { id: waits });
    expect(view.limits).toEqual([
      { name: 'stripe', key: 'acme', words: 'limit stripe for acme' },
      { name: 'queue default', words: 'limit of the queue default' },
    ]);
    expect(view.sentences[0]).toContain('The limit stripe for acme is full: 1 of 1 places are taken');
    const limitAt = async (queue: string) => (await dashboard.get<QueueAnswer>('queue', { queue })).body.limit;
    expect(await limitAt('default')).toEqual({ name: 'queue default', allows: '20/s (burst 3)' });
    await fixture.child(['bulk']);
    expect(await limitAt('bulk')).toEqual({ name: 'queue bulk', allows: 'none' });
  });
});
