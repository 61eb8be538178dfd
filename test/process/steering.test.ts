import { Inspector } from '../../src/inspector/inspector.js';
import type { WorkerReport } from '../../src/inspector/workers/worker-report.js';
import { nestwork } from '../support/command-line.js';
import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

const BY = { by: 'anna' };

let fixture: WorkerFixture;
let inspector: Inspector;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  inspector = new Inspector(fixture.broker.broker);
});
afterEach(async () => {
  fixture.open('gate');
  await fixture.stop();
});

/** The only worker, once it is as wanted. Somebody looks meanwhile. */
async function seen(what: string, wanted: (worker: WorkerReport) => boolean): Promise<WorkerReport> {
  let worker: WorkerReport | undefined;
  await fixture.until(what, async () => {
    await inspector.workers.watch();
    const workers = await inspector.workers.list();
    worker = workers.find(wanted);
    return worker !== undefined;
  });
  return worker as WorkerReport;
}

function command(...args: string[]): ReturnType<typeof nestwork> {
  return nestwork(args, { env: { NESTWORK_REDIS_URL: fixture.broker.server.url } });
}

describe('the digest of a worker', () => {
  it('shows a task that blocks its child, with its name and since when', async () => {
    const process = fixture.worker({ children: 2, concurrency: 2 });
    const id = await fixture.send('block', ['blocks', 'gate']);
    await fixture.event('started', 'blocks');
    const worker = await seen('the task', ({ running, forked }) => running === 1 && forked === 2);
    const child = worker.children.find(({ running }) => running === 1);
    expect(worker).toMatchObject({ pid: process.pid, state: 'running', inProcess: false, restarted: 0 });
    expect(worker.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(child).toMatchObject({
      pid: fixture.events('started')[0]?.pid,
      active: [{ id, name: 'FixtureTasks.block' }],
    });
    expect(child?.active[0]?.since.getTime()).toBeLessThanOrEqual(await fixture.broker.now());
    expect(child?.memory).toBeGreaterThan(1_000_000);
    const { stdout } = await command('workers', 'ls', '--children');
    expect(stdout).toContain(`FixtureTasks.block\t${id}`);
  });

  it('shows why children were restarted', async () => {
    fixture.worker({ children: 1 });
    await fixture.send('exit', ['dies']);
    const { restarts } = await seen('a restart', ({ restarted }) => restarted > 0);
    const reason = expect.stringContaining('exit code');
    expect(restarts[0]).toMatchObject({ pid: expect.any(Number), reason, crashed: true });
  });

  it('is gone with its worker', async () => {
    const process = fixture.worker({ children: 1 });
    await seen('a child', ({ children }) => children[0]?.state === 'running');
    process.kill('SIGTERM');
    expect(await process.ended()).toBe(0);
    expect(await inspector.workers.list()).toEqual([]);
  });
});

describe('a worker that is ordered', () => {
  it('to be quiet finishes its active task, starts no other, and stays until it is stopped', async () => {
    const process = fixture.worker({ children: 2 });
    await fixture.send('hold', ['active', 'gate']);
    await fixture.event('started', 'active');
    const { id } = await seen('two children', ({ children }) => children.every(({ state }) => state === 'running'));
    expect(await command('workers', 'quiet', id.slice(0, 6), '--by', 'anna')).toMatchObject({ code: 0, stderr: '' });
    await fixture.logged(process, 'anna has ordered: quiet.');
    await seen('that it is quiet', ({ state, lastOrder }) => state === 'quiet' && lastOrder?.by === 'anna');
    fixture.open('gate');
    await fixture.event('finished', 'active');
    await fixture.send('run', ['pending']);
    await seen('the end of its children', ({ forked }) => forked === 0);
    expect(fixture.events('run')).toEqual([]);
    process.kill('SIGTERM');
    expect(await process.ended()).toBe(0);
    expect(await fixture.broker.redis.llen('{nestwork}:queue:default')).toBe(1);
  });

  it('to stop finishes its active task and ends with 0', async () => {
    const process = fixture.worker({ children: 1 });
    await fixture.send('hold', ['active', 'gate']);
    await fixture.event('started', 'active');
    const { id } = await seen('a child', ({ children }) => children[0]?.state === 'running');
    expect(await command('workers', 'stop', id)).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await command('workers', 'stop', id, '--yes')).toMatchObject({ code: 0 });
    await fixture.logged(process, 'finishing the running tasks');
    fixture.open('gate');
    expect(await process.ended()).toBe(0);
    expect(fixture.events('finished')).toMatchObject([{ label: 'active', attempt: 1 }]);
  });

  it('to recycle replaces all its children, and the active task finishes where it began', async () => {
    fixture.worker({ children: 2 });
    await fixture.send('hold', ['active', 'gate']);
    const { pid } = await fixture.event('started', 'active');
    const before = await seen(
      'two children',
      ({ children }) => children.filter(({ state }) => state === 'running').length === 2,
    );
    const old = before.children.map((child) => child.pid);
    await inspector.workers.recycle(before.id, BY);
    const after = await seen(
      'two others',
      ({ children }) => children.filter((child) => child.state === 'running' && !old.includes(child.pid)).length === 2,
    );
    expect(after).toMatchObject({ restarted: 2, lastOrder: { action: 'recycle', by: 'anna' } });
    expect(isAlive(pid)).toBe(true);
    fixture.open('gate');
    await fixture.until('both have ended', () => old.every((one) => !isAlive(one)));
    expect(fixture.events('finished')).toMatchObject([{ label: 'active', pid, attempt: 1 }]);
  });

  it('to recycle one child replaces that one alone', async () => {
    fixture.worker({ children: 2 });
    const before = await seen(
      'two children',
      ({ children }) => children.filter(({ state }) => state === 'running').length === 2,
    );
    const [child = 0, other = 0] = before.children.map(({ pid }) => pid);
    const { stdout } = await command('workers', 'recycle', before.id, '--child', String(child), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ worker: before.id, action: 'recycle', child });
    await fixture.until('it has ended', () => !isAlive(child));
    const after = await seen(
      'two again',
      ({ children }) => children.filter(({ state }) => state === 'running').length === 2,
    );
    expect(after.restarts.map(({ pid }) => pid)).toEqual([child]);
    expect(after.children.map(({ pid }) => pid)).toContain(other);
  });
});

describe('an order is skipped', () => {
  const add = (fields: Record<string, string>): Promise<unknown> =>
    fixture.broker.redis.xadd('{nestwork}:broadcasts', '*', ...Object.entries({ kind: 'order', ...fields }).flat());

  it('and named when it is malformed, silently when it is for another worker, and when it comes again', async () => {
    const process = fixture.worker({ children: 1 });
    const { id, children } = await seen('a child', (worker) => worker.children[0]?.state === 'running');
    const order = { session: id, by: 'anna', pid: '' };
    await add({ ...order, id: '1', action: 'dance\u001b' });
    await add({ ...order, id: '2', action: 'recycle', pid: 'x' });
    await add({ ...order, id: '3', action: 'recycle', by: '' });
    await add({ ...order, action: 'stop' });
    await add({ action: 'stop', id: '4', by: 'anna', pid: '' });
    await add({ ...order, session: 'another-30000', action: 'stop', id: '5' });
    for (let time = 0; time < 2; time += 1) await add({ ...order, id: '6', action: 'recycle' });
    await fixture.until('the child was replaced', () => !isAlive(children[0]?.pid ?? 0));
    expect(process.lines('anna has ordered: ')).toHaveLength(1);
    expect(process.lines('Skipping the order').map((line) => line.split('stream: ')[1])).toEqual([
      expect.stringContaining('this version cannot "dance'),
      '"x" is no pid.',
      'it does not say who gives it.',
      'it has no id.',
      'it names no worker.',
    ]);
    expect(process.output).not.toContain('\u001b');
  });

  it('by a worker in the process of an app, which refuses it before it is sent', async () => {
    fixture.app();
    const { id } = await seen('the worker', ({ children }) => children[0]?.state === 'running');
    await expect(inspector.workers.stop(id, BY)).rejects.toMatchObject({ code: 'WORKER_TAKES_NO_ORDERS' });
  });
});
