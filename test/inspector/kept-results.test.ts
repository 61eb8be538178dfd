import { inspect } from 'node:util';
import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { callTags } from '../../src/message/call-tags.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeDone, encodeDropped, encodePassed } from '../../src/message/task-result.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';

const LINE = '{"at":1,"attempt":1,"code":"TASK_FAILED","error":"Error: no"}';
const REPORT = { code: 'TASK_FAILED', error: 'Error: no\nat line 2', host: 'h', pid: 1 };

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

function asking(seconds = 3_600): string {
  const tags = callTags(undefined, { seconds, announced: false });
  return encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), tags });
}

/** A task that has ended with this result. */
async function ended(result: string): Promise<string> {
  const message = asking();
  const child = await fixture.holderOf([message]);
  expect(await fixture.broker.results.finish(child, [{ id: idOf(message), result }])).toBe(1);
  return idOf(message);
}

async function dead(): Promise<string> {
  const message = asking();
  const child = await fixture.holderOf([message]);
  expect(await fixture.broker.bury(child, { id: idOf(message), queue: 'default', message }, REPORT, LINE)).toBe(true);
  return idOf(message);
}

describe('a task that has ended and keeps its result', () => {
  it.each([
    ['done', encodeDone([7n]), { kind: 'done', code: undefined, error: undefined, attempts: undefined }],
    ['done', encodeDone(Symbol('x')), { kind: 'unkept', code: 'UNSERIALIZABLE_RESULT' }],
    ['done', encodePassed({ list: false, ids: [['k3v9x0q2m70000000001', 1]] }), { kind: 'passed', error: undefined }],
    ['dropped', encodeDropped(new Error('no'), 2), { kind: 'dropped', error: 'Error: no', attempts: 2 }],
  ])('is %s, with what is kept and until when, of %s', async (state, stored, result) => {
    const id = await ended(stored);
    const before = await fixture.now();
    const task = await inspector.tasks.get(id);
    expect(task).toMatchObject({ id, state, queue: undefined, task: undefined, args: undefined, result });
    const leftMs = Number(task?.result?.keptUntil) - before;
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(3_600_000);
  });

  it('has its value, which neither a log nor JSON shows', async () => {
    const task = await inspector.tasks.get(await ended(encodeDone({ token: 'secret' })));
    expect(task?.result?.value).toEqual({ token: 'secret' });
    expect(inspect(task, { depth: 9, showHidden: true })).not.toContain('secret');
    expect(JSON.stringify(task)).not.toContain('secret');
    expect(task?.bytes).toBeGreaterThan(0);
  });

  it('is dead with its failure, and nowhere with it once it was deleted', async () => {
    const id = await dead();
    const result = { kind: 'failed', code: 'TASK_FAILED', attempts: 1 };
    expect(await inspector.tasks.get(id)).toMatchObject({ state: 'dead', death: { code: 'TASK_FAILED' }, result });
    await inspector.dead.delete(id, { by: 'anna' });
    expect(await inspector.tasks.get(id)).toMatchObject({ state: 'unknown', death: undefined, result });
    expect(await inspector.tasks.explain(id)).toMatchObject({
      code: 'unknown',
      sentences: [
        'It was dead, and was deleted since. It failed after 1 attempt: TASK_FAILED: Error: no',
        expect.stringMatching(/^Redis keeps how it ended for another .+\.$/),
      ],
    });
  });

  it('is cancelled, also where a purge has removed it', async () => {
    const [cancelled, purged] = [asking(), asking()];
    await fixture.child();
    await fixture.broker.enqueue('default', [cancelled, purged]);
    await inspector.tasks.cancel(idOf(cancelled), { by: 'anna' });
    await inspector.tasks.purge('default', {}, { by: 'anna' });
    for (const message of [cancelled, purged]) {
      const task = await inspector.tasks.get(idOf(message));
      expect(task).toMatchObject({ state: 'cancelled', result: { kind: 'cancelled', keptUntil: undefined } });
      expect(task?.result?.value).toBeUndefined();
    }
  });

  it.each([
    ['done', encodeDone(1), [/^It was done\.$/, /^Redis keeps what it returned for another .+\.$/]],
    ['done', encodeDone(Symbol('x')), [/^It was done, and what it returned is lost: UNSERIALIZABLE_RESULT: .+/, /how/]],
    ['dropped', encodeDropped(new Error('no'), 2), [/^It was dropped: .+ It threw Error: no$/, /how it ended/]],
  ])('is explained as %s, of %s', async (code, stored, sentences) => {
    const explained = await inspector.tasks.explain(await ended(stored));
    expect(explained).toMatchObject({ code, sentences: sentences.map((one) => expect.stringMatching(one)) });
  });

  it('is nowhere where other bytes lie in its place', async () => {
    const id = await ended('?');
    expect(await inspector.tasks.get(id)).toBeUndefined();
    await fixture.redis.del(`{nestwork}:result:${id}`);
    await fixture.redis.set(`{nestwork}:result:${id}`, 'd[x', 'EX', 60);
    const task = await inspector.tasks.get(id);
    expect([task?.state, task?.result?.value]).toEqual(['done', undefined]);
  });
});

describe('nestwork tasks show', () => {
  it('shows how a task has ended, and what it returned with --args alone', async () => {
    const id = await ended(encodeDone({ token: 'secret', n: 1n }));
    const { code, stdout } = await nestwork(['tasks', 'show', id], options);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/result {4}done\nkept {6}until .+ \(in .+\)/)]);
    expect(stdout).not.toContain('secret');
    const json = await nestwork(['tasks', 'show', id, '--json'], options);
    expect(json.stdout).not.toContain('secret');
    const whole = await nestwork(['tasks', 'show', id, '--args'], options);
    expect(whole.stdout).toContain("returned  { token: 'secret', n: 1n }");
    const wholeJson = await nestwork(['tasks', 'show', id, '--args', '--json'], options);
    expect(JSON.parse(wholeJson.stdout)).toMatchObject({
      result: { kind: 'done', value: { token: 'secret', n: '1' } },
    });
  });

  it('shows the failure of a dead one', async () => {
    const { stdout } = await nestwork(['tasks', 'show', await dead(), '--args'], options);
    expect(stdout).toContain('result    failed after 1 attempt: TASK_FAILED: Error: no\n');
    expect(stdout).not.toContain('returned');
  });
});
