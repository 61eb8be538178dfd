import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { DashboardAuditEntry, DashboardSubject, QueueDashboardOptions } from '../../src/dashboard/index.js';
import type { DeadGroupsView, DeadPreviewView, DeadRowsView } from '../../src/dashboard/screens/dead/wire.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';
import { seedDead, seedForeign } from '../support/dead-tasks.js';

const QUEUE = '{nestwork}:queue:default';
const DEAD = '{nestwork}:dead:default';

interface Line {
  readonly progress?: {
    readonly handled: number;
    readonly count: number;
    readonly total?: number;
    readonly cursor?: string;
  };
  readonly result?: { readonly count: number; readonly skipped?: object; readonly cursor?: string };
  readonly error?: { readonly code: string };
}

let fixture: BrokerFixture;
let dashboard: DashboardApp;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  await fixture.child();
  dashboard = await DashboardApp.start(fixture.server.url);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** Another dashboard in the place of the one. */
async function dashboardWith(options: Omit<QueueDashboardOptions, 'namespaces'>): Promise<void> {
  await dashboard.close();
  dashboard = await DashboardApp.start(fixture.server.url, options);
}

/** Three locked invoices and a crash, all of the last hour; their ids. */
async function graveyard(): Promise<string[]> {
  const now = await fixture.broker.deadLetters.now();
  const messages = await seedDead(fixture, [
    { diedAt: now - 9_000, report: { error: 'Error: invoice 7 is locked' } },
    { diedAt: now - 8_000, report: { error: 'Error: invoice 81 is locked' } },
    { diedAt: now - 7_000, report: { code: 'CRASHED', error: 'Its process died', stack: undefined } },
    { diedAt: now - 6_000, report: { error: 'Error: invoice 90 is locked' } },
  ]);
  return messages.map(idOf);
}

/** How many are dead, and how many wait. */
async function places(): Promise<[dead: number, pending: number]> {
  return [await fixture.redis.zcard(DEAD), await fixture.redis.llen(QUEUE)];
}

describe('dead tasks', () => {
  it('are grouped by their error, with the last one of each', async () => {
    const ids = await graveyard();
    const { status, body } = await dashboard.get<DeadGroupsView>('dead/groups');
    expect(status).toBe(200);
    expect(body).toMatchObject({ looked: 4, left: 0, total: 4, others: { groups: 0, tasks: 0 } });
    expect(body.groups).toMatchObject([
      {
        error: 'Error: invoice ‹…› is locked',
        text: 'Error: invoice 90 is locked',
        count: 3,
        lastMinute: 3,
        id: ids[3],
      },
      { error: 'Its process died', code: 'CRASHED', count: 1, id: ids[2] },
    ]);
    expect(body.groups[0]?.hours).toHaveLength(24);
    expect(JSON.stringify(body)).not.toContain('"args"');
  });

  it('are listed by any part of the filter, page by page', async () => {
    const ids = await graveyard();
    const { groups } = (await dashboard.get<DeadGroupsView>('dead/groups')).body;
    const group = groups[0]?.key ?? '';
    const first = (await dashboard.get<DeadRowsView>('dead/list', { group, limit: '2' })).body;
    expect(first.rows.map(({ id }) => id)).toEqual([ids[3], ids[1]]);
    const second = await dashboard.get<DeadRowsView>('dead/list', { group, limit: '2', cursor: first.cursor ?? '' });
    expect(second.body).toMatchObject({ rows: [{ id: ids[0] }], left: 0 });
    const query = { queue: 'default', task: 'Some.task', code: 'CRASHED', error: 'died', since: '1h' };
    expect((await dashboard.get<DeadRowsView>('dead/list', query)).body.rows).toMatchObject([{ id: ids[2] }]);
    expect((await dashboard.get<DeadRowsView>('dead/list', { queue: 'default', until: '1h' })).body.rows).toEqual([]);
  });

  it('have no arguments for a person who may not see them', async () => {
    await seedDead(fixture, [{ message: fixture.message('Some.task', 'secret') }]);
    expect(JSON.stringify((await dashboard.get('dead/list')).body)).toContain('secret');
    dashboard.denied.add('arguments');
    expect(JSON.stringify((await dashboard.get('dead/list')).body)).not.toContain('secret');
  });

  it('that are foreign bytes are shown, too', async () => {
    const id = await seedForeign(fixture, Buffer.from([0xff, 0x0a, 0x3c]));
    expect((await dashboard.get<DeadRowsView>('dead/list')).body.rows).toMatchObject([
      { id, code: 'UNDECODABLE_MESSAGE' },
    ]);
    expect((await dashboard.get<DeadGroupsView>('dead/groups')).body.groups).toMatchObject([{ id, count: 1 }]);
    expect(await dashboard.post('dead/redrive', { id })).toMatchObject({
      status: 400,
      body: { code: 'UNDECODABLE_MESSAGE' },
    });
  });

  it('that are foreign bytes are hidden whole where anything is redacted', async () => {
    const id = await seedForeign(fixture, Buffer.from('{"password": "1234"}'));
    expect((await dashboard.get('task', { id })).body).toMatchObject({ arguments: { is: 'bytes' } });
    await dashboardWith({ redact: ['**.password'] });
    expect((await dashboard.get('task', { id })).body).toMatchObject({ arguments: { is: 'hidden' } });
  });

  it('with a report that another program wrote have only those of its fields that are of their kind', async () => {
    const report = { code: ['x'], task: { name: 'x' }, error: 5, stack: 1, attempt: '1', host: null, pid: {} };
    const [message = ''] = await seedDead(fixture, [{ report: report as never }, {}]);
    const id = idOf(message);
    const row = { id, task: 'Some.task', code: 'UNREADABLE_REPORT', error: 'Its report cannot be read.', host: '' };
    const found = await dashboard.get<DeadRowsView>('dead/list', { error: 'cannot be read' });
    expect(found).toMatchObject({ status: 200, body: { rows: [row] } });
    const groups = await dashboard.get<DeadGroupsView>('dead/groups');
    expect(groups.body.groups.map((group) => group.id)).toContain(id);
    expect(await dashboard.get('task', { id })).toMatchObject({ status: 200 });
    expect(await dashboard.get('tasks', { state: 'dead', error: 'cannot' })).toMatchObject({ status: 200 });
  });

  it.each([
    ['dead/list', { cursor: '<script>' }, 400, 'INVALID_OPTION'],
    ['dead/groups', { cursor: '7' }, 400, 'INVALID_OPTION'],
    ['dead/list', { limit: '100000' }, 400, 'INVALID_INPUT'],
    ['dead/list', { queue: 'nowhere' }, 404, 'UNKNOWN_QUEUE'],
    ['dead/groups', { since: 'yesterday' }, 400, 'INVALID_DURATION'],
    ['dead/preview', { until: '2026-99-99T00:00' }, 400, 'INVALID_OPTION'],
  ] as const)('at %s with %j are not searched: %i %s', async (path, query, status, code) => {
    expect(await dashboard.get(path, query)).toMatchObject({ status, body: { code } });
  });
});

describe('one dead task', () => {
  it('is redriven, and audited with its queue and name', async () => {
    const [id = ''] = await graveyard();
    expect(await dashboard.post('dead/redrive', { id })).toMatchObject({ status: 200, body: { id, done: 'redriven' } });
    expect(await places()).toEqual([3, 1]);
    const subject = { namespace: 'nestwork', id, queue: 'default', task: 'Some.task' };
    expect(dashboard.audited).toMatchObject([{ action: 'redrive', subject, outcome: 'done', by: 'anna' }]);
    expect(await fixture.broker.actions.latest(1)).toMatchObject([{ action: 'redrive', subject: id, by: 'anna' }]);
  });

  it('that is dead no more answers 404', async () => {
    const [id = ''] = await graveyard();
    await dashboard.post('dead/delete', { id });
    for (const path of ['dead/redrive', 'dead/delete', 'dead/redrive-edited']) {
      const { status, body } = await dashboard.post(path, { id, text: '[]' });
      expect([status, body]).toMatchObject([404, { code: 'UNKNOWN_TASK_ID' }]);
    }
    expect(await dashboard.post('dead/redrive', { id: '<b>' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_TASK_ID' },
    });
  });

  it('is redriven with edited arguments; what is hidden comes back from the original', async () => {
    await dashboardWith({ redact: ['[0].card'] });
    const [message = ''] = await seedDead(fixture, [
      { message: fixture.message('Some.task', { card: '4242', when: new Date(5) }, 7) },
    ]);
    const text = '[{"card": {"$redacted": 1}, "when": {"$date": "2026-01-01T00:00:00.000Z"}}, 8]';
    expect(await dashboard.post('dead/redrive-edited', { id: idOf(message), text })).toMatchObject({ status: 200 });
    const again = decodeMessage((await fixture.redis.lindex(QUEUE, 0)) ?? '');
    expect(again).toMatchObject({ id: idOf(message), args: [{ card: '4242', when: new Date('2026-01-01') }, 8] });
  });

  it.each([
    ['[{"$redacted": 1}]', 'INVALID_ARGUMENTS'],
    ['[7', 'INVALID_ARGUMENTS'],
    ['{}', 'INVALID_ARGUMENTS'],
    [7, 'INVALID_OPTION'],
    [`${'['.repeat(80)}${']'.repeat(80)}`, 'PAYLOAD_TOO_DEEP'],
  ])('with the text %j instead of arguments stays dead', async (text, code) => {
    const [id = ''] = await graveyard();
    expect(await dashboard.post('dead/redrive-edited', { id, text })).toMatchObject({ status: 400, body: { code } });
    expect(await places()).toEqual([4, 0]);
  });
});

describe('an action on many', () => {
  it('has a preview with count and sample, whose filter means the same tasks later', async () => {
    const ids = await graveyard();
    const { body } = await dashboard.get<DeadPreviewView>('dead/preview', { error: 'locked', since: '1h' });
    expect(body).toMatchObject({ matching: 3, looked: 4, left: 0, question: { title: 'Redrive 3 tasks?' } });
    expect(body.sample.map(({ id }) => id)).toEqual([ids[3], ids[1], ids[0]]);
    const later = await fixture.broker.deadLetters.now();
    await seedDead(fixture, [{ diedAt: later + 5, report: { error: 'Error: invoice 91 is locked' } }]);
    const lines = (await dashboard.post<Line[]>('dead/redrive-many', { filter: body.filter, total: 3 })).body;
    expect(lines[0]).toEqual({ progress: { handled: 0, count: 0, total: 3 } });
    expect(lines.at(-1)).toEqual({ result: { count: 3, skipped: {} } });
    expect(await places()).toEqual([2, 3]);
    expect(dashboard.audited).toMatchObject([{ action: 'redrive', outcome: 'done', count: 3, filter: body.filter }]);
  });

  it.each([
    ['all', {}],
    ['those with a text', { error: 'locked' }],
  ])('on %s has a preview with a cursor, which leaves out what the action has handled', async (_what, filter) => {
    const ids = await graveyard();
    const [, kept] = ids;
    await dashboardWith({ can: (action, { id }) => action === 'view' || id !== kept });
    const { dead } = new Inspector(fixture.broker);
    const isOther = async ({ id }: { readonly id: string }): Promise<boolean> => id !== kept;
    const { cursor } = await dead.redriveAll(filter, { limit: 2, only: isOther });
    const { body } = await dashboard.get<DeadPreviewView>('dead/preview', { ...filter, cursor: cursor ?? '' });
    const rest = Object.keys(filter).length === 0 ? [ids[3], ids[2]] : [ids[3]];
    expect(body).toMatchObject({ matching: rest.length, sample: rest.map((id) => ({ id })) });
  });

  it('deletes the tasks of ids, and says which it passed over', async () => {
    const ids = await graveyard();
    await dashboard.post('dead/redrive', { id: ids[0] });
    const { body } = await dashboard.post<Line[]>('dead/delete-many', { ids: ids.slice(0, 3) });
    expect(body.at(-1)).toEqual({ result: { count: 2, skipped: { 'not dead any more': 1 } } });
    expect(await places()).toEqual([1, 1]);
    const [last] = await fixture.broker.actions.latest(1);
    expect(last).toMatchObject({ action: 'delete', count: 2, subject: `${ids[0]} and 2 more`, by: 'anna' });
  });

  it('passes over tasks that the person may not act on, by filter and by ids', async () => {
    const ids = await graveyard();
    const isDenied = ({ id }: DashboardSubject): boolean => id === ids[0];
    await dashboardWith({ can: (action, subject) => action === 'view' || !isDenied(subject) });
    const byIds = await dashboard.post<Line[]>('dead/redrive-many', { ids: ids.slice(0, 2) });
    expect(byIds.body.at(-1)).toEqual({ result: { count: 1, skipped: { 'not allowed': 1 } } });
    const byFilter = await dashboard.post<Line[]>('dead/redrive-many', { filter: {} });
    expect(byFilter.body.at(-1)).toEqual({ result: { count: 2, skipped: { 'not allowed': 1 } } });
    expect(await fixture.redis.zrange(DEAD, '0', '-1')).toEqual([ids[0]]);
  });

  it('stops when the page goes: what it has reported stays done, the rest is as it was, and its cursor goes on', async () => {
    const ids = (await seedDead(fixture, Array(350).fill({}))).map(idOf);
    const denied = ids.toSorted()[7];
    let asked = 0;
    let gone: Promise<void> | undefined;
    // from the second batch on nothing is allowed before the connection is closed
    const can = async (_action: unknown, { id }: DashboardSubject, request: object): Promise<boolean> => {
      if (id === denied) return false;
      if (id === undefined || ++asked <= 150) return true;
      gone ??= closed((request as { socket: Socket }).socket);
      await gone;
      return true;
    };
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const entries: DashboardAuditEntry[] = [];
    const audit = (entry: DashboardAuditEntry): void => {
      entries.push(entry);
      end();
    };
    await dashboardWith({ can, audit });
    const stop = new AbortController();
    const response = await dashboard.request('dead/redrive-many', { filter: {} }, { signal: stop.signal });
    const cursor = await firstCursor(response);
    stop.abort();
    await over;
    expect(entries).toMatchObject([{ action: 'redrive', outcome: 'failed' }]);
    const [dead, pending] = await places();
    expect(dead + pending).toBe(350);
    expect(entries[0]?.count).toBe(pending);
    expect(dead).toBeGreaterThan(0);
    asked = Number.NEGATIVE_INFINITY;
    const rest = await dashboard.post<Line[]>('dead/redrive-many', { filter: {}, cursor });
    expect(rest.body.at(-1)?.result).toEqual({ count: dead - 1, skipped: {} });
    expect(await places()).toEqual([1, 349]);
  });

  it.each([
    [{}, 'INVALID_OPTION'],
    [{ filter: [] }, 'INVALID_OPTION'],
    [{ filter: { taks: 'x' } }, 'INVALID_OPTION'],
    [{ filter: { task: '' } }, 'INVALID_OPTION'],
    [{ filter: {}, cursor: 7 }, 'INVALID_OPTION'],
    [{ filter: {}, cursor: 'x' }, 'INVALID_OPTION'],
    [{ filter: { queue: 'default' }, cursor: `9-9-${'a'.repeat(20)}-other` }, 'INVALID_OPTION'],
    [{ filter: { since: 'yesterday' } }, 'INVALID_DURATION'],
    [{ filter: { until: '2026-99-99T00:00' } }, 'INVALID_OPTION'],
    [{ filter: { since: '1h', until: '2h' } }, 'INVALID_OPTION'],
    [{ filter: { queue: 'nowhere' } }, 'UNKNOWN_QUEUE'],
    [{ ids: [] }, 'INVALID_OPTION'],
    [{ ids: Array(1_001).fill('a'.repeat(20)) }, 'INVALID_OPTION'],
    [{ ids: ['x'] }, 'INVALID_TASK_ID'],
  ])('with the body %j is refused before its answer begins, and changes nothing', async (body, code) => {
    await graveyard();
    const status = code === 'UNKNOWN_QUEUE' ? 404 : 400;
    for (const path of ['dead/redrive-many', 'dead/delete-many']) {
      expect(await dashboard.post(path, body)).toMatchObject({ status, body: { code } });
    }
    expect(await places()).toEqual([4, 0]);
    expect(dashboard.audited).toEqual([]);
  });
});

describe('tasks/cancel', () => {
  it('cancels what waits among ids as one action, and says what it found of the others', async () => {
    const [dead = ''] = await graveyard();
    const messages = fixture.messages(2);
    await fixture.broker.enqueue('default', messages);
    const ids = [...messages.map(idOf), dead];
    const { body } = await dashboard.post<Line[]>('tasks/cancel', { ids });
    expect(body.at(-1)).toEqual({ result: { count: 2, skipped: { dead: 1 } } });
    expect(await places()).toEqual([4, 0]);
    expect(await fixture.broker.actions.latest(5)).toMatchObject([{ action: 'cancel', count: 2, by: 'anna' }]);
  });

  it('leaves tasks of a queue in which the person may not cancel', async () => {
    await dashboardWith({ can: (action, { queue }) => action === 'view' || queue !== 'default' });
    const messages = fixture.messages(1);
    await fixture.broker.enqueue('default', messages);
    const { body } = await dashboard.post<Line[]>('tasks/cancel', { ids: messages.map(idOf) });
    expect(body.at(-1)).toEqual({ result: { count: 0, skipped: { 'not allowed': 1 } } });
    expect(await places()).toEqual([0, 1]);
  });
});

async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close');
}

/** Reads as far as the first cursor, and leaves the rest. */
async function firstCursor(response: Response): Promise<string> {
  const lines = linesOf(response);
  for (;;) {
    const { value } = await lines.next();
    if (value?.progress?.cursor !== undefined) return value.progress.cursor;
  }
}

async function* linesOf(response: Response): AsyncGenerator<Line> {
  let rest = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.map((line) => JSON.parse(line) as Line);
  }
}
