import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { DeadEntry } from '../../src/broker/port/broker.js';
import type { DeadTask } from '../../src/inspector/dead-task.js';
import type { OnTaskDead } from '../../src/inspector/on-task-dead.js';
import { DeathWatch } from '../../src/worker/death-watch.js';
import { claimed } from './messages.js';

const EVERY_MS = 5;
const QUEUE = 'default';

beforeAll(() => Logger.overrideLogger(false));

/** Deaths to be taken, and a record of the calls. */
class Deaths {
  readonly asked: number[] = [];
  readonly records = new Map<string, DeadEntry>();
  failures = 0;
  private waiting: DeadEntry[] = [];

  died(id: string, recordedAt = 7): void {
    const record = Buffer.from(`{"code":"CRASHED","error":"x","host":"h","pid":1}\n${claimed('Some.task').message}`);
    this.records.set(id, { queue: QUEUE, id, diedAt: recordedAt, record });
    this.waiting.push({ queue: QUEUE, id, diedAt: 7, record });
  }

  readonly takeDeaths = async (_claimant: unknown, number: number): Promise<DeadEntry[]> => {
    this.asked.push(number);
    if (this.failures-- > 0) throw new Error('away');
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  };

  readonly find = async (_queue: string, id: string): Promise<DeadEntry | undefined> => this.records.get(id);
}

let deaths: Deaths;
let watch: DeathWatch;
beforeEach(() => {
  deaths = new Deaths();
});
afterEach(() => watch.stop());

function watching(...hooks: object[]): void {
  watch = new DeathWatch({ broker: deaths, claimant: { child: 'c', queues: [QUEUE] }, hooks, everyMs: EVERY_MS });
  watch.start();
}

/** Records the arguments of its calls. */
class Alerts implements OnTaskDead {
  readonly seen: DeadTask[] = [];

  onTaskDead(task: DeadTask): void {
    this.seen.push(task);
  }

  get ids(): string[] {
    return this.seen.map(({ id }) => id);
  }

  async until(count: number): Promise<void> {
    while (this.seen.length < count) await delay(1);
  }
}

it('calls every hook with the record of a death', async () => {
  const [one, two] = [new Alerts(), new Alerts()];
  deaths.died('a');
  watching(one, { onTaskStart: () => {} }, two);
  await two.until(1);
  expect(one.seen).toMatchObject([{ id: 'a', task: 'Some.task', queue: QUEUE, code: 'CRASHED' }]);
  expect(two.ids).toEqual(['a']);
});

it('sends no command without a hook', async () => {
  watching({ onTaskStart: () => {} });
  await watch.stop();
  expect(deaths.asked).toEqual([]);
});

it('goes on after a hook that throws', async () => {
  const alerts = new Alerts();
  const hostile = {
    onTaskDead: () => {
      throw new Error('no network');
    },
  };
  deaths.died('a');
  deaths.died('b');
  watching(hostile, alerts);
  await alerts.until(2);
  expect(alerts.ids).toEqual(['a', 'b']);
});

it('skips a task that has left the dead, or has died again', async () => {
  const alerts = new Alerts();
  deaths.died('gone');
  deaths.records.clear();
  deaths.died('again', 8);
  deaths.died('dead');
  watching(alerts);
  await alerts.until(1);
  expect(alerts.ids).toEqual(['dead']);
});

it('repeats a call under the same number until Redis answers', async () => {
  deaths.failures = 1;
  const alerts = new Alerts();
  deaths.died('a');
  watching(alerts);
  await alerts.until(1);
  expect(deaths.asked.slice(0, 2)).toEqual([1, 1]);
  while (deaths.asked.length < 4) await delay(1);
  expect(deaths.asked.slice(2, 4)).toEqual([2, 3]);
});

it('waits at its end for a running hook, and calls no other', async () => {
  let release = (): void => {};
  const calls: string[] = [];
  const slow = {
    onTaskDead: async ({ id }: DeadTask) => {
      calls.push(`begins ${id}`);
      await new Promise<void>((resolve) => (release = resolve));
      calls.push(`ends ${id}`);
    },
  };
  deaths.died('a');
  watching(slow);
  while (calls.length === 0) await delay(1);
  const stopped = watch.stop();
  release();
  await stopped;
  deaths.died('b');
  await delay(0);
  expect(calls).toEqual(['begins a', 'ends a']);
});
