import type { ChildExit, Claimant, ClaimReply, DeathReport } from '../../../src/broker/port/broker.js';
import type { NewNode } from '../../../src/broker/port/group-port.js';
import { callTags } from '../../../src/message/call-tags.js';
import { encodeMessage } from '../../../src/message/task-message.js';
import { encodeDone } from '../../../src/message/task-result.js';
import { type BrokerFixture, childExit, idOf } from '../../support/broker-fixture.js';

const TAG = '{nestwork}:';
const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'test', pid: 1 };
const LINE = '\n{"at":1,"attempt":1,"code":"TASK_FAILED"}';
const LEASE_MS = 30_000;
const ALL = { range: {}, order: 'oldest', limit: 100 } as const;
const QUEUES = ['default', 'bulk'] as const;

export const COMMANDS = [
  ...['claim', 'claim', 'claim', 'claim', 'done', 'done', 'done', 'drop', 'bury', 'bury', 'retry', 'release', 'settle'],
  ...[
    'reap',
    'cancel',
    'cancel',
    'purgePending',
    'delete',
    'purgeDead',
    'redrive',
    'redrive',
    'tend',
    'tend',
    'cancelGroup',
  ],
  ...['expire', 'abandon', 'add', 'add', 'seal', 'batch', 'flow', 'promote'],
] as const;

export interface Step {
  readonly command: (typeof COMMANDS)[number];
  /** chooses among what there is */
  readonly choice: number;
  /** whether the same command is sent twice */
  readonly again: boolean;
}

interface Group {
  readonly id: string;
  readonly kind: 'batch' | 'flow';
  sealed: boolean;
  /** ids of its callbacks */
  readonly onDone?: string;
  readonly onFailed?: string;
}

/** Batches and flows over a real broker, with children that hold their members. */
export class GroupWorld {
  private readonly groups: Group[] = [];
  private readonly known: string[] = [];
  private children: Claimant[] = [];
  private callbacks = 0;
  /** ids of tasks that were ever claimed */
  private readonly claimed = new Set<string>();
  /** `onDone` of a batch that has failed may be redriven by itself */
  private readonly redriven = new Set<string>();
  /** a callback may have been among what was purged */
  private purged = false;

  private constructor(private readonly fixture: BrokerFixture) {}

  static async start(fixture: BrokerFixture): Promise<GroupWorld> {
    const world = new GroupWorld(fixture);
    await world.batch(0);
    await world.flow(1);
    return world;
  }

  async take({ command, choice, again }: Step): Promise<void> {
    const call = await this.prepared(command, choice);
    await call?.();
    if (again) await call?.();
  }

  /** Lets everything end: what is dead is deleted, what waits runs. */
  async drain(): Promise<void> {
    for (const group of this.groups) if (!group.sealed) await this.broker.groups.seal(group.id);
    for (let round = 0; round < 60; round += 1) {
      await this.broker.groups.tend();
      await this.fixture.redis.eval(SOON, 0);
      await this.broker.promote(100);
      for (const child of this.children) await this.settle(child, {});
      const child = await this.child();
      const { tasks } = await this.claim(child, 100);
      const results = tasks.map(({ id }) => ({ id, result: encodeDone(1), inGroup: true }));
      if (tasks.length > 0) await this.broker.results.finish(child, results);
      let dead = 0;
      for (const queue of QUEUES) {
        const { entries } = await this.broker.deadLetters.read(queue, ALL);
        dead += entries.length;
        if (entries.length > 0) await this.broker.deadLetters.remove(queue, entries);
      }
      if (tasks.length + dead === 0) return;
    }
    throw new Error('A run could not be drained.');
  }

  /** Checks the end of each group. Returns the kinds and states in which they ended. */
  async verdict(): Promise<string[]> {
    const records = await this.broker.groups.read(this.groups.map(({ id }) => id));
    const left = Object.keys(await this.fixture.redis.hgetall(`${TAG}groups`)).filter((field) => field.length === 20);
    expect(left.sort()).toEqual(this.groups.map(({ id }) => id).sort());
    for (const [at, { onDone = '', onFailed = '', kind }] of this.groups.entries()) {
      const record = records[at];
      expect(record).toMatchObject({ ended: true, waiting: 0 });
      if (kind === 'flow' || this.purged) continue;
      expect(this.claimed.has(onDone)).toBe(record?.state === 'done' || this.redriven.has(onDone));
      if (record?.state !== 'done') expect(this.claimed.has(onFailed)).toBe(true);
    }
    return records.map((record) => `${record?.kind} ${record?.state}`);
  }

  private get broker() {
    return this.fixture.broker;
  }

  /** A command with everything that it was decided on, so that it can be sent again. */
  private async prepared(command: Step['command'], choice: number): Promise<(() => Promise<unknown>) | undefined> {
    const { broker, fixture } = this;
    const pick = <T>(list: readonly T[]): T | undefined => list[choice % Math.max(list.length, 1)];
    const held = pick(await this.held());
    switch (command) {
      case 'claim': {
        const child = pick(this.children) ?? (await this.child());
        return once(() => this.claim(child, 1 + (choice % 3)));
      }
      case 'done':
        return held && (() => this.finish(held, encodeDone(7)));
      case 'drop':
        return held && (() => this.finish(held, 'x{"error":"no","attempts":1}'));
      case 'bury':
        return held && (() => broker.bury(held.child, held, REPORT, LINE));
      case 'retry': {
        const retry = {
          inMs: choice % 2 === 0 ? 0 : 60_000,
          failures: Number(held?.failures ?? 0),
          line: LINE,
          counts: true,
        };
        return held && (() => broker.retry(held.child, held, retry));
      }
      case 'release':
        return held && (() => broker.release(held.child, [held.id]));
      case 'settle': {
        const child = pick(this.children);
        const ids = (await this.held()).filter((it) => it.child === child).map(({ id }) => id);
        const [first, second, third] = ids;
        const exit = {
          done: choice % 2 === 0 && first ? [first, ...(choice % 4 === 0 && second ? [second] : [])] : [],
          dropped: choice % 4 === 0 && second ? [second] : [],
          blamed: third ? [third] : [],
          maxCrashes: 1 + (choice % 2),
        };
        return child && once(() => this.settle(child, exit));
      }
      case 'reap': {
        const child = pick(this.children);
        return child && once(() => this.reap(child));
      }
      case 'cancel': {
        const id = pick(this.known);
        return id ? () => broker.cancel(id) : undefined;
      }
      case 'purgePending': {
        const queue = pick(QUEUES) as string;
        const input = { queue, place: 'pending', passed: 0, look: 2, mostBytes: 1e6, call: '', before: '' };
        this.purged = true;
        return once(() => fixture.call('purge-pending', input));
      }
      case 'delete': {
        const queue = pick(QUEUES) as string;
        const entry = pick((await broker.deadLetters.read(queue, ALL)).entries);
        return entry && (() => broker.deadLetters.remove(queue, [entry]));
      }
      case 'purgeDead':
        return () => broker.deadLetters.purge(pick(QUEUES) as string, { retentionMs: undefined, most: 1 }, 10);
      case 'redrive': {
        const queue = pick(QUEUES) as string;
        const entry = pick((await broker.deadLetters.read(queue, ALL)).entries);
        if (entry) this.redriven.add(entry.id);
        return entry && (() => broker.deadLetters.redrive(queue, [entry]));
      }
      case 'tend':
        return () => broker.groups.tend();
      case 'promote':
        return async () => {
          await fixture.redis.eval(SOON, 0);
          await broker.promote(100);
        };
      case 'cancelGroup': {
        const group = choice % 3 === 0 ? pick(this.groups) : undefined;
        return group && (() => broker.groups.cancel(group.id));
      }
      case 'expire':
        return () => this.timeOut(pick(this.groups)?.id ?? '', 'deadline');
      case 'abandon': {
        const open = this.groups.filter(({ sealed }) => !sealed);
        return () => this.timeOut(pick(open)?.id ?? '', 'unsealed');
      }
      case 'add': {
        const group = pick(this.groups.filter(({ kind }) => kind === 'batch'));
        const messages = Array.from({ length: 1 + (choice % 3) }, () => this.member(group?.id ?? ''));
        const due = choice % 5 === 0 ? { in: 60_000 } : undefined;
        return group && (() => broker.groups.add(group.id, pick(QUEUES) as string, messages, { due }));
      }
      case 'seal': {
        const group = pick(this.groups.filter(({ kind }) => kind === 'batch'));
        if (group) group.sealed = true;
        return group && (() => broker.groups.seal(group.id));
      }
      case 'batch':
        return this.groups.length < 5 ? once(() => this.batch(choice)) : undefined;
      case 'flow':
        return this.groups.length < 5 ? once(() => this.flow(choice)) : undefined;
    }
  }

  private async batch(choice: number): Promise<void> {
    const id = this.fixture.ids.next();
    const policy = choice % 2 === 0 ? 'fail' : 'end';
    const common = { name: 'batch', openedAt: 1, deadlineMs: choice % 2 === 0 ? LEASE_MS : undefined };
    const [done, failed] = [this.callback(), this.callback()];
    const group = { id, kind: 'batch', policy, ...common, done, failed } as const;
    await this.broker.groups.open(group);
    await this.broker.groups.open(group);
    this.groups.push({ id, kind: 'batch', sealed: false, onDone: idOf(done.message), onFailed: idOf(failed.message) });
  }

  /** A flow of a random shape: each node waits for some of those before it. */
  private async flow(choice: number): Promise<void> {
    const id = this.fixture.ids.next();
    const common = { name: 'flow', openedAt: 1, deadlineMs: choice % 2 === 0 ? LEASE_MS : undefined };
    await this.broker.groups.open({ id, kind: 'flow', policy: 'fail', ...common, done: undefined, failed: undefined });
    const count = 2 + (choice % 7);
    const base = await this.broker.groups.reserve(id, count);
    const waitsFor = (at: number): number[] =>
      Array.from({ length: at }, (_, other) => other).filter((other) => (choice * (other + 3) + at * 7) % 3 === 0);
    const policyOf = (at: number): 'fail' | 'end' => ((choice + at) % 3 === 0 ? 'end' : 'fail');
    const nodes = Array.from({ length: count }, (_, at): NewNode => {
      const waiting = Array.from({ length: count }, (__, other) => other).filter((other) =>
        waitsFor(other).includes(at),
      );
      const covered = waiting.length > 0 && waiting.every((other) => policyOf(other) === 'end');
      const queue = QUEUES[(choice + at) % 2] as string;
      const message = this.member(id, base + at, this.sentId());
      return {
        number: base + at,
        name: 'Some.task',
        queue,
        message,
        waits: waitsFor(at).length,
        policy: policyOf(at),
        waiting,
        covered,
      };
    });
    await this.broker.groups.addNodes(id, { nodes, starts: true });
    await this.broker.groups.addNodes(id, { nodes, starts: true });
    this.groups.push({ id, kind: 'flow', sealed: true });
  }

  private member(group: string, number = 0, id = this.fixture.ids.next()): string {
    const tags = callTags(undefined, { seconds: number % 2 === 1 ? 60 : undefined }, { group, number });
    this.known.push(id);
    return encodeMessage({ id, name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), tags });
  }

  private callback(): { queue: string; message: string } {
    const id = this.sentId();
    const message = encodeMessage({ id, name: 'On.end', payload: '["$"]', enqueuedAt: 1 });
    return { queue: QUEUES[this.callbacks % 2] as string, message };
  }

  /** The id of a task that a script sends, which needs no mark of its sender. */
  private sentId(): string {
    this.callbacks += 1;
    return `callback${String(this.callbacks).padStart(12, '0')}`;
  }

  private async claim(child: Claimant, limit: number): Promise<ClaimReply> {
    const reply = await this.fixture.claim(child, limit);
    for (const { id } of reply.tasks) this.claimed.add(id);
    return reply;
  }

  private async child(): Promise<Claimant> {
    const child = await this.fixture.child([...QUEUES]);
    this.children = [...this.children.slice(-1), child];
    return child;
  }

  private async held() {
    const held: { child: Claimant; id: string; queue: string; failures: number }[] = [];
    for (const child of this.children) {
      for (const entry of await this.fixture.redis.hvals(`${TAG}claims:${child.child}`)) {
        const [queue = ''] = entry.split(' ', 1);
        const message = entry.slice(queue.length + 1);
        held.push({ child, id: idOf(message), queue, failures: Number.parseInt(message.slice(21, 23), 36) });
      }
    }
    return held;
  }

  private finish({ child, id }: { child: Claimant; id: string }, result: string): Promise<number> {
    return this.broker.results.finish(child, [{ id, result, inGroup: true }]);
  }

  private async settle(child: Claimant, exit: Partial<ChildExit>): Promise<void> {
    const whole = childExit({ line: LINE, report: JSON.stringify(REPORT), ...exit });
    this.children = this.children.filter((other) => other !== child);
    await this.broker.settle(child, whole).catch(() => {});
    await this.broker.settle(child, whole).catch(() => {});
  }

  private async reap(child: Claimant): Promise<void> {
    this.children = this.children.filter(({ session }) => session !== child.session);
    await this.fixture.redis.zadd(`${TAG}sessions`, 'XX', 1, child.session);
    await this.broker.reap(child.session, LEASE_MS);
  }

  /** The time of a group is over; of one that has none, nothing. */
  private async timeOut(id: string, which: string): Promise<void> {
    await this.fixture.redis.zadd(`${TAG}group-times`, 'XX', 1, `${id} ${which}`);
    await this.broker.promote(100);
  }
}

/** What would do something else the second time, which no client does. */
function once(call: () => Promise<unknown>): () => Promise<unknown> {
  let done: Promise<unknown> | undefined;
  return () => {
    done ??= call();
    return done;
  };
}

/** What is on a schedule is due. */
const SOON = `
for _, key in ipairs(redis.call('KEYS', '{nestwork}:scheduled:*')) do
  for _, message in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    redis.call('ZADD', key, 1, message)
  end
end`;
