import type { GroupReport } from '../../src/inspector/groups/group-report.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork, onTerminal } from '../support/command-line.js';
import { memberOf, nodesOf, openGroup } from '../support/groups.js';

const REPORT = { code: 'TASK_FAILED', error: 'Error: no\nmore of it', host: 'test', pid: 1 };

let fixture: BrokerFixture;
let options: CommandLineOptions;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
beforeEach(async () => {
  await fixture.child();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A batch of so many tasks, of which the first one is dead. */
async function failedBatch(count = 4): Promise<{ batch: string; culprit: string }> {
  const batch = await openGroup(fixture.broker.groups, fixture.ids.next(), { deadlineMs: 3_600_000 });
  const messages = Array.from({ length: count }, () => memberOf(fixture, batch));
  await fixture.broker.groups.add(batch, 'default', messages);
  await fixture.broker.groups.seal(batch);
  const culprit = idOf(messages[0] ?? '');
  await end({ dead: [culprit] });
  return { batch, culprit };
}

/** @param next of each node, the numbers of those that wait for it */
async function flowOf(next: readonly (readonly number[])[], nameOf?: (number: number) => string) {
  const flow = await openGroup(fixture.broker.groups, fixture.ids.next(), { kind: 'flow', name: 'import' });
  await fixture.broker.groups.reserve(flow, next.length);
  const { nodes } = nodesOf(fixture, flow, next);
  const named = nodes.map((node) => ({ ...node, name: nameOf?.(node.number) ?? node.name }));
  await fixture.broker.groups.addNodes(flow, { nodes: named, starts: true });
  return { flow, ids: nodes.map(({ message }) => idOf(message)) };
}

/** Claims what waits in the queue, and ends some of it. */
async function end({ dead = [], done = [] }: { dead?: readonly string[]; done?: readonly string[] }): Promise<void> {
  const child = await fixture.child();
  await fixture.claim(child, 50);
  for (const id of dead) await fixture.broker.bury(child, { id, queue: 'default' }, REPORT, '');
  await fixture.broker.results.finish(
    child,
    done.map((id) => ({ id, result: 'd[1]', inGroup: true })),
  );
}

const rowsOf = (stdout: string): string[][] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));

describe('nestwork batches ls and flows ls', () => {
  it('list those of their kind, as lines and as JSON', async () => {
    const { batch } = await failedBatch();
    const { flow } = await flowOf([[1], []]);
    const { code, stdout } = await nestwork(['batches', 'ls'], options);
    const [head, row, ...rest] = rowsOf(stdout);
    expect([code, head, rest]).toEqual([0, ['ID', 'NAME', 'STATE', 'PROGRESS', 'FAILED', 'OPENED', 'ENDED'], []]);
    expect(row).toEqual([batch, 'mailing', 'failed', '1 of 4', '1', expect.stringMatching(/^\d{4}-/)]);
    const json = JSON.parse((await nestwork(['flows', 'ls', '--json'], options)).stdout) as GroupReport;
    expect(json).toMatchObject({ id: flow, kind: 'flow', state: 'open', total: 2, waiting: 2 });
  });

  it('go on with the cursor that they name, and list only a state', async () => {
    await failedBatch();
    const other = await openGroup(fixture.broker.groups, fixture.ids.next());
    const first = await nestwork(['batches', 'ls', '--limit', '1', '--json'], options);
    const [, cursor = ''] = /Looked at 1 batches and flows; 1 are left: --cursor (\S+)/.exec(first.stderr) ?? [];
    const second = await nestwork(['batches', 'ls', '--cursor', cursor, '--json'], options);
    const listed = [first, second].map(({ stdout }) => (JSON.parse(stdout) as GroupReport).id);
    expect(new Set(listed).size).toBe(2);
    const open = await nestwork(['batches', 'ls', '--state', 'open', '--json'], options);
    expect(JSON.parse(open.stdout)).toMatchObject({ id: other });
  });

  it('say on stderr that they found none', async () => {
    expect(await nestwork(['flows', 'ls'], options)).toMatchObject({ code: 0, stderr: 'No flow was found.\n' });
  });

  it.each([
    ['--state', 'active'],
    ['--limit', '0'],
    ['--cursor', 'x'],
  ])('refuse %s %s with exit code 2', async (...given) => {
    expect(await nestwork(['batches', 'ls', ...given], options)).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('nestwork batches show', () => {
  it('shows the culprit first, then progress, counts and times', async () => {
    const { batch, culprit } = await failedBatch();
    const { code, stdout } = await nestwork(['batches', 'show', batch], options);
    const [title, first, progress, ...rest] = stdout.split('\n');
    expect([code, title]).toEqual([0, `${batch}  mailing  failed`]);
    expect(first).toBe(`culprit   Some.task ${culprit} is dead with TASK_FAILED: Error: no`);
    expect(progress).toBe('progress  ██████░░░░░░░░░░░░░░░░░░ 25 %: 1 of 4 tasks have ended');
    expect(rest[0]).toBe('tasks     1 failed, 3 waiting');
    expect(rest[1]).toMatch(/^opened {4}\d{4}-.* ago\)$/);
    expect(rest[2]).toMatch(/^deadline {2}\d{4}-.*\(in /);
    expect(rest.slice(3, -1)).toEqual([
      '',
      'The batch waits for its culprit. Look at that, and redrive it:',
      `  npx nestwork dead show ${culprit}`,
      `  npx nestwork dead redrive ${culprit}`,
    ]);
  });

  it('shows one that has ended, and as JSON', async () => {
    const batch = await openGroup(fixture.broker.groups, fixture.ids.next());
    expect((await nestwork(['batches', 'show', batch], options)).stdout).toContain(
      `${batch}  mailing  open, its sender still adds tasks\n`,
    );
    await fixture.broker.groups.seal(batch);
    const { stdout } = await nestwork(['batches', 'show', batch], options);
    expect(stdout).toContain('100 %: 0 of 0 tasks have ended');
    expect(stdout).toMatch(/^ended {5}\d{4}-.* ago\)$/m);
    const json = await nestwork(['batches', 'show', batch, '--json'], options);
    expect(JSON.parse(json.stdout)).toMatchObject({ id: batch, state: 'done', ended: true });
  });

  it('refuses the id of a flow, of nothing, and no id', async () => {
    const { flow } = await flowOf([[]]);
    const other = await nestwork(['batches', 'show', flow], options);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining(`nestwork flows show ${flow}`) });
    const none = await nestwork(['batches', 'show', fixture.ids.next()], options);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('GROUP_UNKNOWN') });
    const wrong = await nestwork(['batches', 'show', '7'], options);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("'7' is not the id of a batch or flow.") });
  });
});

describe('nestwork flows show', () => {
  it('draws the tasks as a tree, those that are alike in one line', async () => {
    const names = ['Part.extract', 'Part.extract', 'Part.extract', 'Flow.merge', 'Flow.index'];
    const { flow, ids } = await flowOf([[3], [3], [3], [4], []], (number) => names[number] ?? '');
    await end({ dead: [ids[1] ?? ''], done: [ids[0] ?? ''] });
    const { stdout } = await nestwork(['flows', 'show', flow], options);
    expect(stdout).toContain(`${flow}  import  failed\n`);
    expect(stdout.split('\n\n')[1]?.trimEnd().split('\n')).toEqual([
      `✗ Part.extract x 3: 1 done, 1 dead, 1 sent  ${ids[1]} TASK_FAILED: Error: no`,
      `  ◌ Flow.merge  ${ids[3]}  waiting for 2`,
      `    ◌ Flow.index  ${ids[4]}  waiting for 1`,
    ]);
    const json = JSON.parse((await nestwork(['flows', 'show', flow, '--json'], options)).stdout);
    expect(stdout).toContain(`\n  npx nestwork dead redrive ${ids[1]}\n`);
    expect(json).toMatchObject({
      id: flow,
      levels: [
        { level: 0, task: 'Part.extract', count: 3, states: { done: 1, dead: 1, sent: 1 }, failed: { number: 1 } },
        { level: 1, task: 'Flow.merge', count: 1 },
        { level: 2, task: 'Flow.index', count: 1 },
      ],
    });
  });

  it('stops drawing a flow with very many levels', async () => {
    const { flow } = await flowOf([...Array.from({ length: 119 }, (_, number) => [number + 1]), []]);
    const lines = (await nestwork(['flows', 'show', flow], options)).stdout.trim().split('\n');
    expect(lines.at(-1)).toBe('20 more lines: --all');
  });

  it('lists each task with --all, page by page', async () => {
    const { flow, ids } = await flowOf([[1], [2], []]);
    const first = await nestwork(['flows', 'show', flow, '--all', '--limit', '2'], options);
    expect(rowsOf(first.stdout)).toEqual([
      ['NUMBER', 'ID', 'TASK', 'STATE', 'WAITS FOR', 'QUEUE', 'ERROR'],
      ['0', ids[0], 'Some.task0', 'sent', '0', 'default', ''],
      ['1', ids[1], 'Some.task1', 'waiting', '1', 'default'],
    ]);
    const [, cursor = ''] = /There are more: --cursor (\S+)/.exec(first.stderr) ?? [];
    const second = await nestwork(['flows', 'show', flow, '--all', '--cursor', cursor, '--json'], options);
    expect(JSON.parse(second.stdout)).toMatchObject({ number: 2, state: 'waiting', next: [] });
    const alone = await nestwork(['flows', 'show', flow, '--cursor', cursor], options);
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining('without --all') });
  });
});

describe('nestwork tasks', () => {
  it.each(['show', 'explain', 'cancel'])('%s refuses the id of a flow, and leads to it', async (verb) => {
    const { flow } = await flowOf([[]]);
    const { code, stderr } = await nestwork(['tasks', verb, flow], options);
    expect(code).toBe(1);
    expect(stderr).toContain(`${flow} is a flow, and no task. [UNKNOWN_TASK_ID]`);
    expect(stderr).toContain(`nestwork flows show ${flow}`);
  });
});

describe('nestwork batches cancel and flows cancel', () => {
  it('cancel it, which is recorded, and refuse it the second time', async () => {
    const { batch } = await failedBatch();
    const { flow } = await flowOf([[1], []]);
    const by = ['--yes', '--by', 'anna'];
    const cancelled = await nestwork(['batches', 'cancel', batch, ...by], options);
    expect(cancelled).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Cancelled the batch mailing (${batch}).`),
    });
    const json = await nestwork(['flows', 'cancel', flow, ...by, '--json'], options);
    expect(JSON.parse(json.stdout)).toEqual({ id: flow, cancelled: true });
    const again = await nestwork(['batches', 'cancel', batch, ...by], options);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('there is nothing to cancel') });
    const { stdout } = await nestwork(['actions', 'ls'], options);
    expect(rowsOf(stdout).map((row) => row.slice(1))).toEqual([
      ['BY', 'ACTION', 'COUNT', 'SUBJECT'],
      ['anna', 'cancel-flow', '1', flow],
      ['anna', 'cancel-batch', '1', batch],
    ]);
  });

  it('ask before, change nothing in a dry run, and need --yes without a terminal', async () => {
    const { batch } = await failedBatch();
    const dry = await nestwork(['batches', 'cancel', batch, '--dry-run'], options);
    expect(dry.stderr).toContain(`cancel the batch mailing (${batch}), of which 3 tasks of 4 have not ended`);
    expect(await nestwork(['batches', 'cancel', batch], options)).toMatchObject({ code: 2 });
    const asked = await onTerminal(`batches cancel ${batch}`, { ...options, answer: 'n\r' });
    expect(asked.stdout).toContain('Cancel the batch mailing');
    const [record] = await fixture.broker.groups.read([batch]);
    expect(record).toMatchObject({ state: 'failed' });
  });
});
