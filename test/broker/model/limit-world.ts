import { createHash } from 'node:crypto';
import type { Claimant, ClaimedTask, DeathReport } from '../../../src/broker/port/broker.js';
import { tagLetters } from '../../../src/message/tags.js';
import { encodeMessage, enqueuedAtOf } from '../../../src/message/task-message.js';
import { encodeDone } from '../../../src/message/task-result.js';
import { encodeUnique } from '../../../src/message/unique-key.js';
import { type BrokerFixture, childExit, idOf } from '../../support/broker-fixture.js';
import { type Allowed, LimitObserver, MovedClock } from './limit-observer.js';

const TAG = '{nestwork}:';
const REPORT: DeathReport = { code: 'TASK_FAILED', error: 'Error: no', host: 'test', pid: 1 };
const LINE = '\n{"at":1,"attempt":1,"code":"TASK_FAILED"}';
const LEASE_MS = 30_000;
const ALL = { range: {}, order: 'oldest', limit: 100 } as const;
const QUEUES = ['default', 'bulk', 'critical'] as const;
/** Queues of children: what is shared, what only some serve, and an order that differs. */
const SERVED = [['default'], ['bulk', 'default'], ['default', 'bulk', 'critical'], ['critical']] as const;

export const COMMANDS = [
  ...['wake', 'wake', 'wake', 'wake', 'claim', 'claim', 'claim', 'claim', 'promote', 'promote', 'pass', 'pass', 'pass'],
  ...[
    'send',
    'send',
    'send',
    'send',
    'send',
    'sendLater',
    'sendUnique',
    'done',
    'done',
    'done',
    'done',
    'retry',
    'retry',
  ],
  ...['bury', 'release', 'settle', 'settle', 'reap', 'cancel', 'cancel', 'redrive', 'delete', 'purge'],
  ...['pause', 'resume', 'set', 'set', 'reset', 'child'],
] as const;

export interface Step {
  readonly command: (typeof COMMANDS)[number];
  /** chooses among what there is */
  readonly choice: number;
  /** whether the same command is sent twice */
  readonly again: boolean;
}

const key = (name: string, own?: string): string => {
  const digest = (text: string): string => createHash('sha1').update(text).digest('base64url');
  return digest(name).slice(0, 6) + (own === undefined ? '-'.repeat(21) : digest(name + own).slice(0, 21));
};
const tenant = (name: string): string => `${name}${'x'.repeat(20)}`.slice(0, 20);

const WHOLE = key('whole');
const KEYED = ['1', '2', '3'].map((own) => key('keyed', own));
const RATE = key('rate');
const ORDERED = ['1', '2'].map((own) => key('ordered', own));
const GATE = key('queue bulk');

const DECLARED: Readonly<Record<string, Allowed & { readonly ordered?: boolean }>> = {
  [WHOLE.slice(0, 6)]: { most: 2, burst: 1 },
  [KEYED[0]?.slice(0, 6) as string]: { most: 1, intervalUs: 500_000, burst: 3 },
  [RATE.slice(0, 6)]: { intervalUs: 1_000_000, burst: 2 },
  [ORDERED[0]?.slice(0, 6) as string]: { most: 1, burst: 1, ordered: true },
  [GATE.slice(0, 6)]: { most: 3, burst: 2, intervalUs: 200_000 },
};

interface Child {
  readonly claimant: Claimant;
  /** it looks for work; asleep it waits for a bell */
  awake: boolean;
  number: number;
}

interface HeldTask {
  readonly child: Child;
  readonly id: string;
  readonly queue: string;
  readonly message: string;
}

/** Tasks with limits over a real broker. Children look for work only when a bell has woken them, the promoter when its time has come or its alarm rings. */
export class LimitWorld {
  private readonly observer = new LimitObserver();
  private readonly clock: MovedClock;
  private children: Child[] = [];
  private readonly known: string[] = [];
  private promoteAtUs = 0;
  private sent = 0;
  /** tasks that may start before others of their line: they kept a slot while they waited, or are suspects, which wait in no line */
  private readonly outOfTurn = new Set<string>();
  /** situations of this run */
  readonly met = new Set<string>();

  private constructor(private readonly fixture: BrokerFixture) {
    this.clock = new MovedClock(fixture.redis);
  }

  static async start(fixture: BrokerFixture): Promise<LimitWorld> {
    const world = new LimitWorld(fixture);
    for (const [name, { most, intervalUs, burst, ordered }] of Object.entries(DECLARED)) {
      const rule = `${most ?? '-'} ${intervalUs ?? '-'} ${burst} ${ordered ? 1 : 0} {}`;
      await fixture.redis.hset(`${TAG}limits`, name, rule);
    }
    await fixture.redis.hset(`${TAG}gates`, 'bulk', GATE);
    for (const limit of [WHOLE, ...KEYED, RATE, ...ORDERED, GATE]) world.rule(limit);
    await world.child(0);
    await world.child(2);
    return world;
  }

  async take({ command, choice, again }: Step): Promise<void> {
    const call = await this.prepared(command, choice);
    await call?.();
    if (again) await call?.();
  }

  /** Lets everything end by bells, the alarm and time alone, without children that die. */
  async drain(): Promise<void> {
    for (const queue of QUEUES) await this.broker.pauses.resume(queue);
    for (const field of Object.keys(await this.fixture.redis.hgetall(`${TAG}limits`)).filter((it) => it.endsWith('!')))
      await this.reset(field);
    await this.child(2);
    for (let round = 0; round < 400; round += 1) {
      let changes = 0;
      for (const queue of QUEUES) {
        const { entries } = await this.broker.deadLetters.read(queue, ALL);
        if (entries.length > 0) changes += await this.broker.deadLetters.remove(queue, entries);
      }
      for (const child of this.children)
        if ((await this.isRung(child)) || child.awake) changes += await this.claim(child, 5, 5);
      for (const task of await this.held()) changes += await this.done(task);
      if (await this.mayPromote()) changes += (await this.promote()) ? 1 : 0;
      if (changes > 0) continue;
      if (await this.isEmpty()) return;
      await this.pass(round % 2 === 0 ? 300 : 61_000);
    }
    throw new Error(`A run could not be drained: ${await this.left()}`);
  }

  /** When all has ended and rates are past, nothing of limits is left. */
  async checkNothingLeft(): Promise<void> {
    await this.clock.pass(3_600_000);
    await this.broker.promote(100);
    const left = (await this.fixture.redis.keys(`${TAG}*`))
      .map((name) => name.slice(TAG.length))
      .filter((name) => /^(held|ready|slots|rates|paced|waiters|limit-labels|claims)/.test(name));
    if (left.length > 0) throw new Error(`Left: ${await this.left()}`);
  }

  /** What Redis still has, without what is no concern of limits. */
  private async left(): Promise<string> {
    const state = Object.entries(await this.fixture.state());
    return JSON.stringify(
      state.filter(([name]) => !/^(session|broadcasts|cancelled|removed|catalog)/.test(name)),
      null,
      1,
    );
  }

  private get broker() {
    return this.fixture.broker;
  }

  private async prepared(command: Step['command'], choice: number): Promise<(() => Promise<unknown>) | undefined> {
    const { broker } = this;
    const pick = <T>(list: readonly T[]): T | undefined => list[choice % Math.max(list.length, 1)];
    const held = pick(await this.held());
    const queue = QUEUES[choice % 3] as string;
    switch (command) {
      case 'wake': {
        // between the bell and the claim nobody else would be woken
        const child = pick(this.children);
        const wakes = async () =>
          child && (await this.isRung(child)) && this.claim(child, 1 + (choice % 3), 1 + (choice % 3));
        return once(wakes);
      }
      case 'claim': {
        const child = pick(this.children.filter(({ awake }) => awake));
        return child && once(() => this.claim(child, 1 + (choice % 4), choice % 4, choice % 7 === 0));
      }
      case 'promote':
        return once(async () => (await this.mayPromote()) && this.promote());
      case 'pass':
        return once(() => this.pass([50, 250, 1_000, 61_000][choice % 4] as number));
      case 'send': {
        const message = this.message(choice);
        return () => this.send(queue, message);
      }
      case 'sendLater': {
        const message = this.message(choice);
        return () => this.send(queue, message, { in: 60_000 });
      }
      case 'sendUnique': {
        const message = this.message(
          choice,
          encodeUnique('Some.task', String(choice % 3), choice % 2 ? 'started' : 'finished'),
        );
        const options = { due: choice % 5 === 0 ? { in: 60_000 } : undefined, replace: choice % 3 === 0 };
        return () => broker.enqueueUnique(queue, message, options);
      }
      case 'done':
        return held && (() => this.done(held));
      case 'retry': {
        if (!held) return undefined;
        const stopped = choice % 3 === 0 ? limitsOf(held.message)[0] : undefined;
        const retry = {
          inMs: choice % 2 === 0 ? 0 : 60_000,
          failures: Number.parseInt(held.message.slice(21, 23), 36),
          line: LINE,
          counts: true,
          stop: stopped === undefined ? undefined : { limit: stopped, ms: 5_000 },
        };
        return async () => {
          if (await broker.retry(held.child.claimant, held, retry)) this.goesBack(held.id, held.message);
        };
      }
      case 'bury':
        return (
          held &&
          (async () => {
            if (await broker.bury(held.child.claimant, held, REPORT, LINE)) this.observer.ended(held.id);
          })
        );
      case 'release':
        return (
          held &&
          (async () => {
            if ((await broker.release(held.child.claimant, [held.id])) > 0) this.goesBack(held.id, held.message);
          })
        );
      case 'settle':
        return once(() => this.settle(pick(this.children), choice));
      case 'reap':
        return once(() => this.reap(pick(this.children)));
      case 'cancel': {
        const id = pick(this.known.slice(-12));
        return id === undefined ? undefined : once(() => this.cancel(id));
      }
      case 'redrive': {
        const entry = pick((await broker.deadLetters.read(queue, ALL)).entries);
        return entry && (() => broker.deadLetters.redrive(queue, [entry]));
      }
      case 'delete': {
        const entry = pick((await broker.deadLetters.read(queue, ALL)).entries);
        return entry && (() => broker.deadLetters.remove(queue, [entry]));
      }
      case 'purge': {
        const input = { queue, place: 'pending', passed: 0, look: 1, mostBytes: 1e6, call: '', before: '' };
        return once(() => this.fixture.call('purge-pending', input));
      }
      case 'pause':
        return () => broker.pauses.pause(queue, { forMs: undefined, by: 'anna', reason: undefined });
      case 'resume':
        return () => broker.pauses.resume(queue);
      case 'set':
        return once(() => this.set(choice));
      case 'reset': {
        const fields = Object.keys(await this.fixture.redis.hgetall(`${TAG}limits`)).filter((it) => it.endsWith('!'));
        const field = pick(fields);
        return field === undefined ? undefined : () => this.reset(field);
      }
      case 'child':
        return this.children.length < 4 ? once(() => this.child(choice)) : undefined;
    }
  }

  private message(choice: number, unique = ''): string {
    this.sent += 1;
    const order = (priority: number, fair?: string): string =>
      `o${priority}000rs0${fair === undefined ? '-'.repeat(20) : tenant(fair)}`;
    const keyed = `l${KEYED[choice % 3]}`;
    const kinds = [
      '',
      `l${WHOLE}`,
      keyed,
      `l${WHOLE}${keyed}`,
      `${keyed}l${RATE}`,
      `l${RATE}`,
      `l${ORDERED[choice % 2]}`,
      `l${ORDERED[choice % 2]}l${WHOLE}${order(0, String(choice % 2))}`,
      order(0, String(choice % 3)),
      order(choice % 10),
      `l${WHOLE}${order(0, String(choice % 3))}`,
      `${keyed}${order(2, String(choice % 2))}`,
    ];
    const tags = unique + kinds[(choice >> 3) % kinds.length];
    const id = this.fixture.ids.next();
    this.known.push(id);
    // clocks of senders differ
    const enqueuedAt = Date.now() + (choice % 9 === 0 ? 5_000 : choice % 9 === 1 ? -5_000 : 0);
    return encodeMessage({ id, name: 'Some.task', payload: '[]', enqueuedAt, tags });
  }

  private async send(queue: string, message: string, due?: { in: number }): Promise<void> {
    if (!/[lo]/.test(tagLetters(message))) await this.broker.enqueue(queue, [message], due);
    else {
      const labels = limitsOf(message).flatMap((limit) => [limit, 'acme']);
      await this.broker.enqueueLimited(queue, [message], { due, labels });
    }
  }

  private async child(choice: number): Promise<void> {
    const claimant = await this.fixture.child([...(SERVED[choice % SERVED.length] as readonly string[])]);
    this.children.push({ claimant, awake: true, number: 0 });
  }

  private async isRung({ claimant }: Child): Promise<boolean> {
    for (const queue of claimant.queues)
      if ((await this.fixture.redis.lpop(`${TAG}bell:${queue}`)) !== null) return true;
    return false;
  }

  /** Returns how many tasks it got. A child that got none waits for a bell. */
  private async claim(child: Child, limit: number, limited: number, twice = false): Promise<number> {
    child.number += 1;
    const { number } = child;
    const before = await this.held();
    const fromUs = await this.clock.us();
    const reply = await this.broker.claim(child.claimant, { number, limit, limited, acks: [] });
    const tillUs = await this.clock.us();
    if (twice) {
      const again = await this.broker.claim(child.claimant, { number, limit, limited, acks: [] });
      expect(again.repeated).toBe(true);
    }
    const known = new Set(before.map(({ id }) => id));
    for (const task of reply.tasks) {
      const { id, message } = task;
      if (known.has(id)) throw new Error(`${id} was given twice`);
      this.observer.started(id, limitsOf(message), keptOf(message), { fromUs, tillUs });
      await this.checkOrder(task);
      if (limitsOf(message).length > 1) this.met.add('two limits');
    }
    const isLimited = reply.tasks.filter(({ message }) => /[lq]/.test(tagLetters(message))).length;
    if (isLimited > limited) throw new Error(`${isLimited} tasks with limits were claimed, of ${limited}`);
    // one that has no room for limits does not know whether there are some
    if (reply.tasks.length === 0 && limited > 0 && limit > 0 && !reply.drain) child.awake = false;
    else if (reply.tasks.length === 0)
      child.awake = (await this.held()).some((it) => it.child === child) || limited === 0;
    return reply.tasks.length;
  }

  /** A task that was given precedes all that remain in its line. */
  private async checkOrder({ id, queue, message }: ClaimedTask): Promise<void> {
    const line = lineOf(message);
    if (line === undefined) return;
    const [next] = await this.fixture.redis.zrangebylex(`${TAG}held:${queue}`, `[${line} `, `(${line}!`, 'LIMIT', 0, 1);
    if (next === undefined) return;
    this.met.add('a line with several tasks');
    const turn = Number(next.slice(line.length + 1, line.length + 14));
    if (turn < turnOf(message) && !this.outOfTurn.has(id)) throw new Error(`${id} was given before ${next}`);
  }

  /** It holds its slots no more, but those of ordered limits. */
  private goesBack(id: string, message: string): void {
    const kept = keptOf(message);
    if (kept.length > 0) this.outOfTurn.add(id);
    this.observer.ended(id, kept);
  }

  private async done(task: HeldTask): Promise<number> {
    const { child, id, message } = task;
    const isTagged = tagLetters(message) !== '' && /[lq]/.test(tagLetters(message));
    const count = isTagged
      ? await this.broker.results.finish(child.claimant, [{ id, result: encodeDone(1), limited: true }])
      : await this.broker.ack(child.claimant, [id]);
    if (count > 0) this.observer.ended(id);
    child.awake = true;
    return count;
  }

  private async settle(child: Child | undefined, choice: number): Promise<void> {
    if (!child || this.children.length < 2) return;
    const tasks = (await this.held()).filter((it) => it.child === child);
    const [first, second] = tasks;
    const blamed = [choice % 2 === 0 ? first?.id : undefined, choice % 3 === 0 ? second?.id : undefined];
    const done = [choice % 2 === 1 ? first?.id : undefined];
    const exit = childExit({
      line: LINE,
      report: JSON.stringify(REPORT),
      maxCrashes: 1 + (choice % 3),
      blamed: blamed.filter((id) => id !== undefined),
      done: done.filter((id) => id !== undefined),
    });
    this.children = this.children.filter((other) => other !== child);
    for (const { id, message } of tasks) this.goesBack(id, message);
    for (const id of exit.blamed) this.outOfTurn.add(id);
    await this.broker.settle(child.claimant, exit);
    await this.broker.settle(child.claimant, exit).catch(() => {});
    await this.reviveKept();
    if (blamed[0] !== undefined) this.met.add('a process died');
  }

  private async reap(child: Child | undefined): Promise<void> {
    if (!child || this.children.length < 2) return;
    const { session } = child.claimant;
    const tasks = (await this.held()).filter((it) => it.child.claimant.session === session);
    this.children = this.children.filter(({ claimant }) => claimant.session !== session);
    for (const { id, message } of tasks) this.goesBack(id, message);
    await this.fixture.redis.zadd(`${TAG}sessions`, 'XX', 1, session);
    await this.broker.reap(session, LEASE_MS);
    await this.reviveKept();
  }

  private async cancel(id: string): Promise<void> {
    const active = (await this.held()).some((it) => it.id === id);
    const { state } = await this.broker.cancel(id);
    if (!active && state !== 'active') this.observer.ended(id);
    if (state === 'pending') this.met.add('cancelled while it waited');
  }

  /** What ended while it would have kept a slot keeps none. */
  private async reviveKept(): Promise<void> {
    const waiting = new Set<string>();
    for (const queue of QUEUES) {
      for (const entry of await this.fixture.redis.zrange(`${TAG}held:${queue}`, '0', '-1'))
        waiting.add(entry.slice(entry.indexOf(' ') + 14, entry.indexOf(' ') + 34));
      for (const message of await this.fixture.redis.zrange(`${TAG}scheduled:${queue}`, '0', '-1'))
        waiting.add(idOf(message));
      for (const message of await this.fixture.redis.lrange(`${TAG}suspects:${queue}`, 0, -1))
        waiting.add(idOf(message));
    }
    const active = new Set((await this.held()).map(({ id }) => id));
    for (const id of this.known) if (!waiting.has(id) && !active.has(id)) this.observer.ended(id);
  }

  private async set(choice: number): Promise<void> {
    const limit = [WHOLE, KEYED[0], KEYED[1], RATE, GATE][choice % 5] as string;
    const field = limit === KEYED[0] ? `${limit}!` : `${limit.slice(0, 6)}!`;
    const most = ['=', '0', '1', '4', '-'][(choice >> 2) % 5];
    const interval = ['=', '=', '100000', '-'][(choice >> 3) % 4];
    const value = `${most} ${interval} ${interval === '=' || interval === '-' ? '=' : 2}`;
    // a limit that lets nothing start has an end
    const forMs = most === '0' || choice % 2 === 0 ? 10_000 : '';
    const queue = limit === GATE ? 'bulk' : '';
    await this.fixture.call('set-limit', { queues: ['default', 'bulk'], field, value, forMs, details: '{}', queue });
    await this.followRules();
    this.met.add('a limit was set');
  }

  private async reset(field: string): Promise<void> {
    const stop = `${field.slice(0, -1).padEnd(27, '-')}.`;
    await this.fixture.call('reset-limit', {
      queues: ['default', 'bulk'],
      field,
      stop,
      queue: field.startsWith(GATE.slice(0, 6)) ? 'bulk' : '',
    });
    await this.followRules();
  }

  private async pass(ms: number): Promise<void> {
    await this.clock.pass(ms);
    await this.followRules();
  }

  private async mayPromote(): Promise<boolean> {
    const rung = (await this.fixture.redis.lpop(`${TAG}alarm`)) !== null;
    return rung || (await this.clock.us()) >= this.promoteAtUs;
  }

  private async promote(): Promise<boolean> {
    const { moved, nextInMs } = await this.broker.promote(2);
    this.promoteAtUs =
      moved === 2 ? 0 : nextInMs === undefined ? Number.POSITIVE_INFINITY : (await this.clock.us()) + nextInMs * 1e3;
    await this.followRules();
    return moved > 0;
  }

  private rule(limit: string): void {
    this.observer.changed(limit, DECLARED[limit.slice(0, 6)] as Allowed);
  }

  /** What was set, or has ended: the observer goes by it from now on. */
  private async followRules(): Promise<void> {
    for (const limit of [WHOLE, ...KEYED, RATE, ...ORDERED, GATE])
      this.observer.changed(limit, await this.ruleOf(limit));
  }

  private async ruleOf(limit: string): Promise<Allowed> {
    const [name, own] = await this.fixture.redis.hmget(`${TAG}limits`, `${limit.slice(0, 6)}!`, `${limit}!`);
    const nowMs = await this.fixture.now();
    let { most, intervalUs, burst } = DECLARED[limit.slice(0, 6)] as Allowed;
    for (const entry of [name, own]) {
      if (!entry) continue;
      const [itsMost, itsInterval, itsBurst, until] = entry.split(' ') as [string, string, string, string];
      if (until !== '0' && Number(until) <= nowMs) continue;
      const field = (value: string, before: number | undefined): number | undefined =>
        value === '=' ? before : value === '-' ? undefined : Number(value);
      most = field(itsMost, most);
      intervalUs = field(itsInterval, intervalUs);
      burst = field(itsBurst, burst) ?? 1;
    }
    return { most, intervalUs, burst };
  }

  private async held(): Promise<HeldTask[]> {
    const held: HeldTask[] = [];
    for (const child of this.children) {
      for (const entry of await this.fixture.redis.hvals(`${TAG}claims:${child.claimant.child}`)) {
        const [queue = ''] = entry.split(' ', 1);
        const message = entry.slice(queue.length + 1);
        held.push({ child, id: idOf(message), queue, message });
      }
    }
    return held;
  }

  private async isEmpty(): Promise<boolean> {
    const names = await this.fixture.redis.keys(`${TAG}*`);
    return !names.some((name) => /:(queue|suspects|scheduled|held|dead|claims):/.test(name));
  }
}

/** The limits of a claimed message, that of its queue too. */
function limitsOf(message: string): string[] {
  return [...tagLetters(message)].flatMap((letter, at) =>
    /[lLq]/.test(letter) ? [message.slice(35 + 28 * at, 62 + 28 * at)] : [],
  );
}

/** Those that it keeps when it runs again. */
function keptOf(message: string): string[] {
  return limitsOf(message).filter((limit) => ORDERED.includes(limit));
}

/** Its turn in a line, which a priority brings forward. */
function turnOf(message: string): number {
  const at = [...tagLetters(message)].indexOf('o');
  const order = at < 0 ? '0000000' : message.slice(35 + 28 * at, 42 + 28 * at);
  return enqueuedAtOf(message) - Number(order.charAt(0)) * Number.parseInt(order.slice(1), 36);
}

function lineOf(message: string): string | undefined {
  const limits = limitsOf(message.replace(/^(.{34})q.{27}/, '$1'));
  const order = [...tagLetters(message)].indexOf('o');
  const fair = order < 0 ? undefined : message.slice(34 + 28 * order + 8, 34 + 28 * order + 28);
  if (limits.length === 0 && order < 0) return undefined;
  return limits.join('') + (fair === undefined || fair.startsWith('-') ? (limits.length === 0 ? '-' : '') : fair);
}

/** What would do something else the second time, which no client does. */
function once(call: () => Promise<unknown>): () => Promise<unknown> {
  let done: Promise<unknown> | undefined;
  return () => {
    done ??= call();
    return done;
  };
}
