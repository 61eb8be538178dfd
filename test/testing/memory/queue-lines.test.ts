import { encodeLimitTag, limitKey } from '../../../src/message/limit-tag.js';
import { placeInLine } from '../../../src/message/line-place.js';
import { encodeOrderTag, fairDigest } from '../../../src/message/order-tag.js';
import { encodeMessage } from '../../../src/message/task-message.js';
import { MemoryLimits } from '../../../src/testing/memory/memory-limits.js';
import { type LinedTask, QueueLines } from '../../../src/testing/memory/queue-lines.js';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

interface Given {
  readonly limits?: readonly string[];
  readonly tenant?: string;
  readonly priority?: number;
  readonly at?: number;
  readonly slots?: readonly string[];
}

let arrivals: number;
let limits: MemoryLimits;
let lines: QueueLines<LinedTask>;
beforeEach(() => {
  arrivals = 0;
  limits = new MemoryLimits(() => NOW);
  lines = new QueueLines(limits);
});

function add({ limits: keys = [], tenant, priority = 0, at = 0, slots = [] }: Given = {}): LinedTask {
  arrivals += 1;
  const id = String(arrivals).padStart(20, '0');
  const fair = tenant === undefined ? undefined : fairDigest(tenant);
  const order = priority > 0 || fair ? encodeOrderTag({ priority, ageMs: MINUTE_MS, fair }) : '';
  const tags = keys.map(encodeLimitTag).join('') + order;
  const message = encodeMessage({ id, name: 'Some.task', payload: '[]', enqueuedAt: NOW + at, tags });
  const line = placeInLine(message);
  if (!line) throw new Error('It has no line.');
  const task = { id, message, line, slots, arrival: arrivals };
  lines.add(task);
  return task;
}

/** Starts all of a kind. */
function startAll(kind: 'tenants' | 'aged', most = 100): LinedTask[] {
  const started: LinedTask[] = [];
  for (let head = lines.next(kind); head && started.length < most; head = lines.next(kind)) {
    lines.remove(head.task, true);
    started.push(head.task);
  }
  return started;
}

describe('a message', () => {
  it('without limits, tenant and priority has no line', () => {
    expect(placeInLine(encodeMessage({ id: '0'.repeat(20), name: 'a', payload: '[]', enqueuedAt: 1 }))).toBeUndefined();
  });

  it('has the line of those with the same limits and the same tenant', () => {
    const [a, b] = [limitKey('a'), limitKey('b')];
    const names = [add({ limits: [a, b] }), add({ limits: [a], tenant: 't' }), add({ priority: 1 })].map(
      ({ line }) => line.name,
    );
    expect(names).toEqual([a + b, a + fairDigest('t'), '-']);
  });
});

describe('lines of no tenant', () => {
  it('start by the turns of their first tasks, those of one turn as they came', () => {
    const late = add({ limits: [limitKey('a')], at: 5 });
    const first = add({ limits: [limitKey('b')], at: 1 });
    const second = add({ limits: [limitKey('c')], at: 1 });
    const high = add({ priority: 1, at: MINUTE_MS });
    expect(startAll('aged')).toEqual([high, first, second, late]);
  });

  it('go on when one of them waits for a limit', () => {
    const a = limitKey('a');
    limits.declare([{ name: 'a', concurrency: 1, keyed: false, ordered: false }]);
    limits.take(a);
    add({ limits: [a] });
    const other = add({ limits: [limitKey('b')], at: 1 });
    expect([lines.heldBack(), lines.shutOf(a)?.limit, startAll('aged')]).toEqual([1, a, [other]]);
  });

  it('have the task that keeps a slot in front', () => {
    const a = limitKey('a');
    limits.declare([{ name: 'a', concurrency: 1, keyed: false, ordered: true }]);
    limits.take(a);
    const waiting = add({ limits: [a] });
    expect(lines.next('aged')).toBeUndefined();
    const keeps = add({ limits: [a], at: 9, slots: [a] });
    expect([lines.next('aged')?.task, lines.ahead(waiting)]).toEqual([keeps, 1]);
  });

  it('are counted before another by what they wait for', () => {
    const [a, b] = [limitKey('a'), limitKey('b')];
    limits.declare([{ name: 'b', concurrency: 1, keyed: false, ordered: false }]);
    limits.take(b);
    add({ limits: [a] });
    add({ limits: [b], at: 1 });
    const blocked = add({ limits: [b, a], at: 2 });
    const free = add({ priority: 1, at: MINUTE_MS + 3 });
    expect([blocked, free].map(({ line }) => lines.linesBefore(line.name))).toEqual([1, 1]);
  });
});

describe('tenants', () => {
  const tenantsOf = (tasks: readonly LinedTask[]): string =>
    tasks.map(({ line }) => ['a', 'b', 'c'].find((name) => fairDigest(name) === line.tenant)).join('');

  it('take turns, however many tasks each has', () => {
    for (const tenant of 'aaaaabbc') add({ tenant });
    expect(tenantsOf(startAll('tenants'))).toBe('abcabaaa');
  });

  it('that come late get the next turn, and nothing for the time before', () => {
    for (const tenant of 'aaaaaa') add({ tenant });
    startAll('tenants', 3);
    for (const tenant of 'bbbb') add({ tenant });
    expect(tenantsOf(startAll('tenants'))).toBe('bababab');
  });

  it('that come again at once get their turn behind those that waited', () => {
    add({ tenant: 'a' });
    for (const tenant of 'bb') add({ tenant });
    expect(tenantsOf(startAll('tenants', 1))).toBe('a');
    add({ tenant: 'a' });
    expect(tenantsOf(startAll('tenants'))).toBe('bab');
  });

  it('begin anew when no task is left', () => {
    for (const tenant of 'aaa') add({ tenant });
    startAll('tenants');
    for (const tenant of 'ab') add({ tenant });
    expect(tenantsOf(startAll('tenants'))).toBe('ab');
  });

  it('keep their turn when a task leaves that was not started', () => {
    const first = add({ tenant: 'a' });
    for (const tenant of 'bab') add({ tenant });
    lines.remove(first, false);
    expect(tenantsOf(startAll('tenants'))).toMatch(/^(ba|ab)b$/);
  });

  it('share a turn over all of their lines', () => {
    add({ tenant: 'a', limits: [limitKey('x')] });
    add({ tenant: 'a', limits: [limitKey('y')] });
    add({ tenant: 'b' });
    expect(tenantsOf(startAll('tenants'))).toBe('aba');
  });
});

it('all tasks are listed line by line, each in its order', () => {
  const [a, b] = [limitKey('a'), limitKey('b')].sort() as [string, string];
  const [later, other, first] = [add({ limits: [b], at: 2 }), add({ limits: [a], at: 3 }), add({ limits: [b] })];
  expect(lines.all()).toEqual([other, first, later]);
  expect([lines.size, lines.sizeOf(b), lines.sizeOf('none')]).toEqual([3, 2, 0]);
});
