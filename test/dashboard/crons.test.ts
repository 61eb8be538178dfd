import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import type { DashboardSubject } from '../../src/dashboard/index.js';
import type { ActionsPage } from '../../src/dashboard/screens/actions/wire.js';
import type { CronLine, CronPage, SetCronsPage } from '../../src/dashboard/screens/crons/wire.js';
import type { ArgumentsView } from '../../src/dashboard/screens/task/wire.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { noCounts } from '../../src/task/task-counts.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';

const RULES = { missed: 'skip', thresholdMs: 10_000, overlap: 'skip', disabled: false } as const;
const HOURLY: CronDeclaration = { name: 'Some.hourly', queue: 'default', schedule: { everyMs: 3_600_000 }, ...RULES };
const DIGEST: CronDeclaration = {
  ...RULES,
  name: 'Mail.digest',
  queue: 'bulk',
  schedule: { expression: '0 8 * * 1-5', timeZone: 'Europe/Paris' },
};
const POLL: CronDeclaration = { name: 'Some.poll', queue: 'default', schedule: { everyMs: 30_000 }, ...RULES };

let fixture: BrokerFixture;
let dashboard: DashboardApp;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
  await declare('w1-30000', [HOURLY, DIGEST, POLL]);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** As `crons.set()` stores one: an hourly report of a tenant, which no worker has unless `task` is of one. */
async function setCron(name: string, more: Partial<CronDeclaration> = {}): Promise<void> {
  const cron = { ...HOURLY, name, task: 'Some.report', payload: '["acme",{"iban":"DE00","weekly":true}]', ...more };
  await fixture.broker.crons.runTime.set(cron, { at: Date.UTC(2026, 0, 5), by: 'bert' });
}

/** As the supervisor of a worker with these crons does. */
async function declare(session: string, crons: readonly CronDeclaration[], pid = 1): Promise<void> {
  const catalog = crons.map((cron) => ({ name: cron.name, queue: cron.queue, crons: [cron] }));
  const description = { session, leaseMs: 30_000, queues: ['default', 'bulk'], host: 'web', pid, catalog };
  await fixture.broker.openSession(description);
  await fixture.broker.crons.declare(crons, 0);
}

async function lines(): Promise<Record<string, CronLine>> {
  const { body } = await dashboard.get<readonly CronLine[]>('crons');
  return Object.fromEntries(body.map((line) => [line.name, line]));
}

async function page(name: string): Promise<CronPage> {
  return (await dashboard.get<CronPage>('cron', { name })).body;
}

describe('the list of crons', () => {
  it('has the schedule in words, and the times of the next day unless they are too many', async () => {
    const { 'Some.hourly': hourly, 'Mail.digest': digest, 'Some.poll': poll } = await lines();
    expect(hourly).toMatchObject({ words: 'every hour', dense: false });
    expect(hourly?.times).toHaveLength(24);
    expect(hourly?.times.every((time) => time % 3_600_000 === 0 && time > Date.now())).toBe(true);
    expect(digest).toMatchObject({ words: 'weekdays at 08:00', zone: 'Europe/Paris', dense: false });
    expect(poll).toMatchObject({ words: 'every 30 seconds', times: [], dense: true });
  });

  it('names the person who paused one, until it is resumed', async () => {
    await dashboard.post('crons/pause', { cron: 'Mail.digest' });
    const { 'Mail.digest': digest, 'Some.poll': poll } = await lines();
    expect(digest?.pause).toEqual({ by: 'anna', at: expect.any(Number) });
    expect(poll).not.toHaveProperty('pause');
    await dashboard.post('crons/resume', { cron: 'Mail.digest' });
    expect((await lines())['Mail.digest']).not.toHaveProperty('pause');
  });

  it('has how often its runs ended within the last day', async () => {
    const series = { queue: 'bulk', task: 'Mail.digest', counts: { ...noCounts(), done: 3, failed: 1 } };
    await fixture.broker.metrics.flush(await fixture.child(['bulk']), 1, [series]);
    const { 'Mail.digest': digest, 'Some.poll': poll } = await lines();
    expect(digest?.counts).toMatchObject({ done: 3, failed: 1, dead: 0 });
    expect(poll).not.toHaveProperty('counts');
  });
});

describe('one cron', () => {
  it('has its next ten times by its own clock, in order', async () => {
    const { runs, words, zone, cron } = await page('Mail.digest');
    expect({ words, zone }).toEqual({ words: 'weekdays at 08:00', zone: 'Europe/Paris' });
    expect(cron).toMatchObject({ name: 'Mail.digest', queue: 'bulk', missed: 'skip', overlap: 'skip', paused: false });
    expect(runs).toHaveLength(10);
    expect(cron.nextRun).toBe(new Date(runs[0]?.at ?? 0).toISOString());
    for (const { local } of runs) expect(local).toMatch(/^(Mon|Tue|Wed|Thu|Fri) \d{4}-\d\d-\d\d 08:00:00$/);
    expect(runs.map(({ at }) => at)).toEqual(runs.map(({ at }) => at).sort((a, b) => a - b));
  });

  it('says of a zone that this process does not know that its times are unknown here', async () => {
    const schedule = { expression: '0 8 * * *', timeZone: 'Mars/Olympus' };
    await declare('w2-30000', [{ ...DIGEST, name: 'Mail.martian', schedule }], 2);
    const { runs, zone, notes, cron } = await page('Mail.martian');
    const unreadable = 'The time zone "Mars/Olympus" of cron "Mail.martian" does not exist.';
    expect({ runs, zone }).toEqual({ runs: [], zone: 'Mars/Olympus' });
    expect(cron).toMatchObject({ unreadable });
    expect(notes).toMatchObject([{ text: expect.stringContaining(unreadable) }]);
    expect((await lines())['Mail.martian']).toMatchObject({ times: [], dense: false, words: 'every day at 08:00' });
  });

  it('has the workers that declare it, also one that declares it differently', async () => {
    await declare('w2-30000', [{ ...DIGEST, schedule: { expression: '0 9 * * 1-5', timeZone: 'UTC' } }], 2);
    await declare('w1-30000', [HOURLY, DIGEST, POLL]);
    expect((await page('Mail.digest')).declarers).toEqual([
      { worker: 'w1-30000', host: 'web', pid: 1, fires: true },
      { worker: 'w2-30000', host: 'web', pid: 2, fires: true, differs: '"0 9 * * 1-5" in UTC' },
    ]);
  });

  it('has its last run with the error as it is', async () => {
    const child = await fixture.child(['default'], 'w1-30000');
    const error = 'Error: <script>alert(1)</script>';
    const run = { id: '0123456789abcdefghij', attempt: 3, startedAt: 1_000, durationMs: 250, outcome: 'dead' } as const;
    await fixture.broker.crons.recordRun(child, 'Some.poll', { ...run, error, host: 'web', pid: 7 });
    const { cron } = await page('Some.poll');
    expect(cron.lastRun).toMatchObject({ ...run, startedAt: '1970-01-01T00:00:01.000Z', error });
  });

  it('has how its attempts ended in each hour of a week', async () => {
    const series = { queue: 'bulk', task: 'Mail.digest', counts: { ...noCounts(), done: 3, failed: 1, timedOut: 1 } };
    await fixture.broker.metrics.flush(await fixture.child(['bulk']), 1, [series]);
    const { at, done, failed } = (await page('Mail.digest')).hours;
    expect([168, 169]).toContain(at.length);
    expect(at.every((time, i) => i === 0 || time - (at[i - 1] ?? 0) === 3_600_000)).toBe(true);
    expect([done, failed].map((counts) => counts.reduce((sum, count) => sum + count, 0))).toEqual([3, 2]);
  });

  it('has its history by its own clock: runs with how they ended, what was left out with the reason', async () => {
    const child = await fixture.child(['default'], 'w1-30000');
    const due = Date.UTC(2026, 0, 5, 7);
    const run = {
      id: '0123456789abcdefghij',
      due,
      attempt: 1,
      startedAt: due + 250,
      durationMs: 30,
      host: 'h',
      pid: 1,
    };
    await fixture.broker.crons.recordRun(child, 'Mail.digest', { ...run, outcome: 'failed' });
    await fixture.broker.crons.recordRun(child, 'Mail.digest', { ...run, attempt: 2, outcome: 'dropped' });
    const lines = [`${due + 1_000} skipped ${run.id}`, `${due + 2_000} missed 1000+ ${due + 9_000} paused`];
    await fixture.redis.lpush('{nestwork}:cron-runs:Mail.digest', ...lines);
    const took = { kind: 'run', id: run.id, at: due, local: 'Mon 2026-01-05 08:00:00', tookMs: 30 };
    const left = { kind: 'missed', look: 'held', word: 'missed 1,000+', why: 'it was paused' };
    const { history } = await page('Mail.digest');
    expect(history).toEqual([
      { ...left, at: due + 2_000, last: due + 9_000, local: 'Mon 2026-01-05 08:00:02' },
      {
        ...{ kind: 'skipped', look: 'cancelled', word: 'skipped', why: `${run.id} was under way` },
        ...{ at: due + 1_000, local: 'Mon 2026-01-05 08:00:01' },
      },
      { ...took, look: 'cancelled', word: 'dropped', attempt: 2 },
      { ...took, look: 'failed', word: 'failed', attempt: 1, lateMs: 250 },
    ]);
    expect((await page('Some.hourly')).history).toEqual([]);
  });

  it.each(['none', '<script>', ''])('called %j is not found, or is no name', async (name) => {
    const { status, body } = await dashboard.get('cron', { name });
    expect([status, body]).toMatchObject(
      name === '' ? [400, { code: 'INVALID_INPUT' }] : [404, { code: 'UNKNOWN_CRON' }],
    );
  });
});

describe('the list of crons set at run time', () => {
  const read = async (query: Record<string, string> = {}) =>
    (await dashboard.get<SetCronsPage>('crons/set', query)).body;
  const names = ({ lines }: SetCronsPage) => lines.map(({ cron }) => cron.name);

  it('is empty where there are none, whatever workers declare', async () => {
    expect(await read()).toEqual({ total: 0, lines: [], more: false });
  });

  it('has fifty at a time by name, the others after the last of them, and the number of all', async () => {
    const all = Array.from({ length: 101 }, (_, i) => `tenant-${String(i).padStart(3, '0')}`);
    for (const name of all) await setCron(name);
    const first = await read();
    expect([first.total, names(first), first.more]).toEqual([101, all.slice(0, 50), true]);
    const second = await read({ after: 'tenant-049' });
    expect([second.total, names(second), second.more]).toEqual([101, all.slice(50, 100), true]);
    const third = await read({ after: 'tenant-099' });
    expect([names(third), third.more]).toEqual([['tenant-100'], false]);
    const some = await read({ prefix: 'tenant-01' });
    expect([some.total, names(some), some.more]).toEqual([101, all.slice(10, 20), false]);
    expect(names(await read({ prefix: 'tenant-01', after: 'tenant-018' }))).toEqual(['tenant-019']);
    expect(names(await read({ prefix: 'none' }))).toEqual([]);
  });

  it('has schedule, state and setting of each, and no arguments; the list of declared ones has none of them', async () => {
    await setCron('tenant-7', { task: 'Some.hourly' });
    const { lines: found } = await read();
    expect(found).toMatchObject([
      { words: 'every hour', cron: { name: 'tenant-7', task: 'Some.hourly', set: true, setBy: 'bert', paused: false } },
    ]);
    expect(JSON.stringify(found)).not.toContain('acme');
    expect(Object.keys(await lines())).toEqual(['Mail.digest', 'Some.hourly', 'Some.poll']);
  });

  it.each(['prefix', 'after'])('with too long a %s answers 400', async (name) => {
    const { status, body } = await dashboard.get('crons/set', { [name]: 'x'.repeat(2_000) });
    expect([status, body]).toMatchObject([400, { code: 'INVALID_INPUT' }]);
  });
});

describe('one cron that was set at run time', () => {
  it('has when and by whom it was set, and its task', async () => {
    await setCron('tenant-7', { task: 'Some.hourly' });
    const { cron, declarers, words } = await page('tenant-7');
    expect({ declarers, words }).toEqual({ declarers: [], words: 'every hour' });
    expect(cron).toMatchObject({ task: 'Some.hourly', setAt: '2026-01-05T00:00:00.000Z', setBy: 'bert' });
  });

  it('whose task no worker has is orphaned, with the ways out', async () => {
    await setCron('tenant-7');
    const { notes } = await page('tenant-7');
    expect(notes).toEqual([
      {
        glyph: 'cancelled',
        title: 'It is orphaned, so it is not fired.',
        text: 'No live worker has the task Some.report and serves default. Start one that does, set the cron to another task, or remove it.',
      },
    ]);
  });

  it('whose task no worker has is run after a question that says so', async () => {
    await setCron('tenant-7');
    const { body } = await dashboard.get<{ lines: readonly string[] }>('crons/run', { cron: 'tenant-7' });
    expect(body.lines.at(-1)).toContain('no live worker has the task Some.report and serves default');
  });
});

describe('the arguments of a cron', () => {
  const read = async (app: DashboardApp, name: string) => {
    const { status, body } = await app.get<ArgumentsView>('cron/arguments', { name });
    expect(status).toBe(200);
    return body;
  };
  const textOf = (view: ArgumentsView) =>
    view.is === 'shown' ? view.lines.map((line) => line.map(({ text }) => text).join('')) : view.is;

  it('are shown as those of tasks, also of one that workers declare', async () => {
    await setCron('tenant-7');
    await declare('w1-30000', [{ ...DIGEST, task: 'Mail.send', payload: '[7]' }, POLL]);
    expect(textOf(await read(dashboard, 'tenant-7'))).toEqual(['[0]  "acme"', '[1]  {iban: "DE00", weekly: true}']);
    expect(textOf(await read(dashboard, 'Mail.digest'))).toEqual(['[0]  7']);
    expect(textOf(await read(dashboard, 'Some.poll'))).toEqual([]);
  });

  it('are denied without the right, which is asked about cron, queue and task', async () => {
    await setCron('tenant-7');
    const asked: DashboardSubject[] = [];
    const strict = await DashboardApp.start(fixture.server.url, {
      can: (action, subject) => action !== 'arguments' || asked.push(subject) === 0,
    });
    expect(await read(strict, 'tenant-7')).toEqual({ is: 'denied' });
    expect(asked).toEqual([{ namespace: 'nestwork', cron: 'tenant-7', queue: 'default', task: 'Some.report' }]);
    await strict.close();
  });

  it('are those of the task that the right was asked about, although the cron gets another meanwhile', async () => {
    await setCron('tenant-7');
    const strict = await DashboardApp.start(fixture.server.url, {
      can: async (action, { task }) => {
        if (action === 'arguments') await setCron('tenant-7', { task: 'Some.secret', payload: '["secret"]' });
        return action !== 'arguments' || task === 'Some.report';
      },
    });
    expect(textOf(await read(strict, 'tenant-7'))).toEqual(['[0]  "acme"', '[1]  {iban: "DE00", weekly: true}']);
    await strict.close();
  });

  it('are hidden by the rules of the task', async () => {
    await setCron('tenant-7');
    const hiding = await DashboardApp.start(fixture.server.url, { redact: ['**.iban'] });
    expect(textOf(await read(hiding, 'tenant-7'))).toEqual(['[0]  "acme"', '[1]  {iban: redacted, weekly: true}']);
    await hiding.close();
  });

  it('of an unknown cron are not found', async () => {
    const { status, body } = await dashboard.get('cron/arguments', { name: 'none' });
    expect([status, body]).toMatchObject([404, { code: 'UNKNOWN_CRON' }]);
  });
});

describe('the removal of a cron', () => {
  it('is asked about, needs the right `delete` for its queue, and is recorded with the person', async () => {
    await setCron('tenant-7');
    const inspector = new Inspector(fixture.broker);
    expect((await dashboard.get('crons/remove', { cron: 'tenant-7' })).body).toMatchObject({
      title: 'Remove tenant-7?',
      main: 'Remove the cron',
      grave: true,
    });
    dashboard.denied.add('delete');
    expect((await dashboard.post('crons/remove', { cron: 'tenant-7' })).status).toBe(403);
    expect(await inspector.crons.count()).toBe(1);
    dashboard.denied.clear();
    const { status, body } = await dashboard.post('crons/remove', { cron: 'tenant-7' });
    expect([status, body]).toEqual([200, { cron: 'tenant-7', removed: true }]);
    const subject = { namespace: 'nestwork', cron: 'tenant-7', queue: 'default', task: 'Some.report' };
    expect(dashboard.audited.at(-1)).toMatchObject({ action: 'delete', outcome: 'done', count: 1, subject });
    expect(await inspector.crons.count()).toBe(0);
    expect(await inspector.actions.list()).toMatchObject([{ by: 'anna', action: 'remove-cron', subject: 'tenant-7' }]);
    expect((await dashboard.post('crons/remove', { cron: 'tenant-7' })).status).toBe(404);
  });

  it('of one that workers declare is refused, and the question has nothing to do', async () => {
    expect((await dashboard.get('crons/remove', { cron: 'Mail.digest' })).body).not.toHaveProperty('main');
    const { status, body } = await dashboard.post('crons/remove', { cron: 'Mail.digest' });
    expect([status, body]).toMatchObject([400, { code: 'INVALID_OPTION' }]);
    expect(await new Inspector(fixture.broker).crons.get('Mail.digest')).toMatchObject({ name: 'Mail.digest' });
  });
});

describe('an action on a cron', () => {
  it('pauses, resumes and runs it in the name of the person', async () => {
    const inspector = new Inspector(fixture.broker);
    expect((await dashboard.post('crons/pause', { cron: 'Mail.digest' })).status).toBe(200);
    expect(await inspector.crons.get('Mail.digest')).toMatchObject({ paused: true });
    const { status, body } = await dashboard.post('crons/run', { cron: 'Mail.digest' });
    expect([status, body]).toEqual([200, { id: expect.any(String), name: 'Mail.digest', queue: 'bulk', added: true }]);
    expect(await fixture.redis.llen('{nestwork}:queue:bulk')).toBe(1);
    // a second run would overlap
    expect((await dashboard.post('crons/run', { cron: 'Mail.digest' })).body).toEqual({
      ...(body as object),
      added: false,
    });
    expect((await dashboard.post('crons/resume', { cron: 'Mail.digest' })).status).toBe(200);
    expect(await inspector.crons.get('Mail.digest')).toMatchObject({ paused: false });
    const recorded = (await inspector.actions.list()).map(({ by, action, subject }) => `${by} ${action} ${subject}`);
    expect(recorded).toEqual(['resume-cron', 'run-cron', 'pause-cron'].map((action) => `anna ${action} Mail.digest`));
  });

  it('asks `can` with its name, queue and task', async () => {
    const asked: [string, DashboardSubject][] = [];
    const strict = await DashboardApp.start(fixture.server.url, {
      can: (action, subject) => {
        asked.push([action, subject]);
        return subject.queue !== 'bulk';
      },
    });
    const subject = { namespace: 'nestwork', cron: 'Mail.digest', queue: 'bulk', task: 'Mail.digest' };
    expect((await strict.post('crons/run', { cron: 'Mail.digest' })).status).toBe(403);
    expect(asked.at(-1)).toEqual(['run-cron', subject]);
    expect(strict.audited).toMatchObject([{ action: 'run-cron', outcome: 'denied', subject }]);
    expect((await strict.post('crons/pause', { cron: 'Some.poll' })).status).toBe(200);
    await strict.close();
  });

  it.each<[string, object, number, string]>([
    ['no name', {}, 400, 'INVALID_INPUT'],
    ['a number', { cron: 7 }, 400, 'INVALID_INPUT'],
    ['a name that is too long', { cron: 'x'.repeat(2_000) }, 400, 'INVALID_INPUT'],
    ['an unknown name', { cron: 'Mail.none' }, 404, 'UNKNOWN_CRON'],
    ['the name of a property', { cron: '__proto__' }, 404, 'UNKNOWN_CRON'],
  ])('with %s changes nothing', async (_, body, status, code) => {
    for (const path of ['crons/pause', 'crons/resume', 'crons/run', 'crons/remove']) {
      const answer = await dashboard.post(path, body);
      expect([path, answer.status, answer.body]).toMatchObject([path, status, { code }]);
    }
    expect(await new Inspector(fixture.broker).actions.list()).toEqual([]);
  });
});

describe('the record of actions', () => {
  it('is read from the latest on, a part at a time, by kind and by person', async () => {
    const { crons } = new Inspector(fixture.broker);
    for (const by of ['bert', 'anna', 'bert']) await crons.pause('Some.poll', { by });
    await crons.resume('Some.poll', { by: 'anna' });
    const read = async (query: Record<string, string>) => (await dashboard.get<ActionsPage>('actions', query)).body;
    const all = await read({});
    expect(all.actions.map(({ by, action }) => `${by} ${action}`)).toEqual([
      'anna resume-cron',
      ...['bert', 'anna', 'bert'].map((by) => `${by} pause-cron`),
    ]);
    expect(all).toMatchObject({ more: false, kinds: expect.arrayContaining(['purge', 'resume-cron']) });
    expect(all.actions[0]).toMatchObject({ subject: 'Some.poll', count: 1, at: expect.stringMatching(/Z$/) });
    expect(await read({ limit: '2' })).toMatchObject({ actions: all.actions.slice(0, 2), more: true });
    expect(await read({ limit: '4' })).toMatchObject({ more: false });
    expect((await read({ by: 'bert' })).actions).toHaveLength(2);
    expect((await read({ action: 'pause-cron', by: 'anna' })).actions).toHaveLength(1);
    expect((await read({ by: 'nobody' })).actions).toEqual([]);
  });

  it.each(['limit=0', 'limit=1001', 'limit=all', 'action=explode', `by=${'x'.repeat(300)}`])(
    'with %.20s answers 400',
    async (query) => {
      const { status, body } = await dashboard.get('actions', Object.fromEntries(new URLSearchParams(query)));
      expect([status, body]).toMatchObject([400, { code: expect.stringMatching(/^INVALID_(INPUT|OPTION)$/) }]);
    },
  );
});
