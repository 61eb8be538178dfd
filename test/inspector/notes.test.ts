import type { Claimant } from '../../src/broker/port/broker.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { encodeLogLine, encodeNoted, encodeProgress, type NotedEnd } from '../../src/task/task-notes.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';

const AT = Date.UTC(2026, 10, 29, 3, 12);
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
const PROGRESS = { value: 0.4, message: 'parsed', at: new Date(AT), attempt: 2 };
const LOG = [{ at: new Date(AT), attempt: 1, message: 'began' }];

let fixture: BrokerFixture;
let inspector: Inspector;
let options: CommandLineOptions;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

/** A task that a child holds and that has noted something. */
async function noting(end?: NotedEnd): Promise<{ id: string; message: string; child: Claimant }> {
  const message = fixture.message();
  const [id, child] = [idOf(message), await fixture.holderOf([message])];
  await fixture.broker.notes.write(child, {
    id,
    noted: encodeNoted('default', 'Some.task', end, AT),
    ended: end !== undefined,
    number: 1,
    progress: encodeProgress(AT, 2, 0.4, 'parsed'),
    lines: [{ number: 1, line: encodeLogLine(AT, 1, 'began') }],
  });
  return { id, message, child };
}

async function buried(): Promise<string> {
  const { id, message, child } = await noting();
  await fixture.broker.bury(child, { id, queue: 'default', message }, REPORT);
  return id;
}

async function ended(end?: NotedEnd): Promise<string> {
  const { id, child } = await noting(end);
  await fixture.broker.ack(child, [id]);
  return id;
}

describe('get()', () => {
  it('shows the notes of a task that has not ended', async () => {
    const { id } = await noting();
    expect(await inspector.tasks.get(id)).toMatchObject({ state: 'active', progress: PROGRESS, log: LOG });
    const silent = fixture.message();
    await fixture.broker.enqueue('default', [silent]);
    expect(await inspector.tasks.get(idOf(silent))).toMatchObject({ progress: undefined, log: [] });
  });

  it('shows those of a dead task, as `dead.get()` does', async () => {
    const id = await buried();
    const noted = { progress: PROGRESS, log: LOG };
    expect(await inspector.tasks.get(id)).toMatchObject({ state: 'dead', ...noted, death: noted });
    expect(await inspector.dead.get(id)).toMatchObject(noted);
  });

  it.each(['done', 'dropped', 'cancelled'] as const)('finds a task that was %s', async (state) => {
    const id = await ended(state);
    expect(await inspector.tasks.get(id)).toMatchObject({
      state,
      queue: 'default',
      task: 'Some.task',
      endedAt: new Date(AT),
      progress: PROGRESS,
      log: LOG,
    });
    expect(await inspector.tasks.explain(id)).toMatchObject({ code: state, sentences: [expect.any(String)] });
  });

  it('finds a task of which only notes are left', async () => {
    const id = await ended();
    expect(await inspector.tasks.get(id)).toMatchObject({ state: 'unknown', log: LOG });
    expect(await inspector.tasks.explain(id)).toMatchObject({ code: 'unknown', task: { log: LOG } });
    expect(await inspector.tasks.cancel(id, { by: 'anna' })).toBe('unknown');
  });

  it('passes over notes that others wrote', async () => {
    const id = fixture.ids.next();
    await fixture.redis.set(`{nestwork}:notes:${id}`, 'x');
    expect(await inspector.tasks.get(id)).toBeUndefined();
  });
});

it('explain() says the progress of an active task', async () => {
  const { id } = await noting();
  const { sentences } = await inspector.tasks.explain(id);
  expect(sentences[1]).toMatch(/^40 % \(parsed\), noted at attempt 2, .* ago\.$/);
});

describe('nestwork', () => {
  const SHOWN = [
    'progress  40 % (parsed), 2026-11-29 03:12:00Z, attempt 2',
    'log       2026-11-29 03:12:00Z  attempt 1  began',
  ].join('\n');

  it('tasks show and dead show print progress and log, as lines and as JSON', async () => {
    const [active, dead, done] = [(await noting()).id, await buried(), await ended('done')];
    for (const id of [active, dead, done]) {
      const { code, stdout } = await nestwork(['tasks', 'show', id], options);
      expect([code, stdout]).toEqual([0, expect.stringContaining(SHOWN)]);
    }
    expect((await nestwork(['dead', 'show', dead], options)).stdout).toContain(SHOWN);
    const json = await nestwork(['tasks', 'show', done, '--json'], options);
    expect(JSON.parse(json.stdout)).toMatchObject({
      state: 'done',
      endedAt: '2026-11-29T03:12:00.000Z',
      progress: { value: 0.4, message: 'parsed', at: '2026-11-29T03:12:00.000Z', attempt: 2 },
      log: [{ message: 'began', attempt: 1 }],
    });
    const cancel = await nestwork(['tasks', 'cancel', done, '--yes'], options);
    expect([cancel.code, cancel.stderr]).toEqual([1, expect.stringContaining('is done')]);
  });
});
