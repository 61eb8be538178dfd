import { NestworkError } from '../errors.js';
import { printable } from '../values/printable.js';
import type { RunningTask } from '../worker/running-task.js';
import type { MemoryBroker } from './memory/memory-broker.js';
import type { TaskRunner } from './task-runner.js';

/** Tasks of which each waits for the next one. */
const MOST_LEVELS = 200;
/** A task may ask to run again without a limit. */
const MOST_ATTEMPTS = 10_000;

/** Runs the tasks that running ones wait for: nothing else would, since the only worker of a test runs one after another. */
export class AwaitedTasks {
  /** id of a running task -> ids of the tasks that it waits for */
  private readonly waits = new Map<string, Set<string>>();
  /** id of a task that is awaited -> how many wait for it in a chain */
  private readonly levels = new Map<string, number>();

  constructor(
    private readonly broker: MemoryBroker,
    private readonly runner: TaskRunner,
  ) {}

  /**
   * Runs a task until it has ended, again and again if it is to be tried again at once.
   *
   * @throws NestworkError RESULT_OUT_OF_REACH, ENDLESS_TASKS
   */
  async run(id: string, waiter: RunningTask): Promise<void> {
    if (id === waiter.id || this.waitsFor(id, waiter.id)) throw inTurn(waiter, id);
    if ((this.levels.get(waiter.id) ?? 0) >= MOST_LEVELS) throw tooDeep(waiter);
    await this.during(id, waiter, async () => {
      for (let attempts = 0; !this.broker.results.has(id); attempts += 1) {
        if (attempts >= MOST_ATTEMPTS) throw endless(id);
        await this.attempt(id, waiter);
      }
    });
  }

  /** Notes that a running task waits for another, also if only because it sends it in the mode `inline`. */
  async during<T>(id: string, waiter: RunningTask, act: () => Promise<T>): Promise<T> {
    this.levels.set(id, (this.levels.get(waiter.id) ?? 0) + 1);
    try {
      return await this.whileWaiting(waiter.id, id, act);
    } finally {
      this.levels.delete(id);
    }
  }

  private async whileWaiting<T>(id: string, other: string, act: () => Promise<T>): Promise<T> {
    const all = this.waits.get(id) ?? new Set();
    this.waits.set(id, all.add(other));
    try {
      return await act();
    } finally {
      all.delete(other);
      if (all.size === 0) this.waits.delete(id);
    }
  }

  /** Whether one task waits for the other, or for one that does. */
  private waitsFor(id: string, other: string): boolean {
    const awaited = this.waits.get(id);
    return awaited !== undefined && (awaited.has(other) || [...awaited].some((one) => this.waitsFor(one, other)));
  }

  private async attempt(id: string, waiter: RunningTask): Promise<void> {
    await this.broker.promote(Number.MAX_SAFE_INTEGER);
    const next = this.broker.groups.before(id) ?? id;
    if (next === waiter.id || this.waitsFor(next, waiter.id)) throw inTurn(waiter, id);
    // another one may wait for it, too
    if (this.runner.isAt(next)) return this.runner.endOf(next);
    const claimed = await this.broker.claims.awaited(next);
    if (claimed) return this.runner.runNested(claimed);
    const holder = this.holderThatEnds(next, waiter);
    if (holder === undefined) throw this.outOfReach(waiter, next);
    await this.whileWaiting(waiter.id, holder, () => this.runner.endOf(holder));
  }

  /** A running task that holds what this one needs, and will end without the waiter. */
  private holderThatEnds(id: string, waiter: RunningTask): string | undefined {
    const ids = this.broker.tasks.holdersFor(id);
    return ids.find((one) => one !== waiter.id && !this.waitsFor(one, waiter.id));
  }

  private outOfReach(waiter: RunningTask, id: string): NestworkError {
    const task = this.broker.tasks.get(id);
    if (task?.state === 'scheduled') {
      const due = new Date(task.at).toISOString();
      return outOfReach(waiter, id, `which is due at ${due}: no time passes while tasks run`, [
        'Send it without a delay; for one that failed, declare `retries: 0` or `backoff: 0` in the test.',
      ]);
    }
    const shut = task?.state === 'pending' ? this.broker.tasks.lines.shut(task) : undefined;
    if (shut) return limited(waiter, id, { ...shut, name: this.broker.tasks.lines.limits.nameOf(shut.limit) });
    if (task?.state === 'pending') {
      return outOfReach(waiter, id, `whose queue "${printable(task.queue)}" is paused`, ['Resume the queue before.']);
    }
    if (this.broker.groups.before(id) === id) {
      return outOfReach(waiter, id, 'which waits for tasks of its flow that have failed', [
        "Add it with({ onFailure: 'skip' }) or 'run', or await the result outside of tasks.",
      ]);
    }
    return outOfReach(waiter, id, 'which is not there any more', [
      'Call clear() of TestQueue between two tests alone.',
    ]);
  }
}

function limited(
  waiter: RunningTask,
  id: string,
  { name, opensAt }: { readonly name: string; readonly opensAt: number | undefined },
): NestworkError {
  if (opensAt === undefined) {
    return outOfReach(
      waiter,
      id,
      `which needs the limit ${printable(name)}, and all its places are taken by tasks that wait, too`,
      [
        'In production this wait would not end either, or only by a timeout: await no task from one that holds the same limit.',
      ],
    );
  }
  const opens = new Date(opensAt).toISOString();
  return outOfReach(
    waiter,
    id,
    `which the limit ${printable(name)} lets start at ${opens}: no time passes while tasks run`,
    ['Await its result outside of tasks, and call advance().'],
  );
}

function inTurn(waiter: RunningTask, id: string): NestworkError {
  return outOfReach(waiter, id, id === waiter.id ? 'which it is itself' : 'which waits for it in turn', [
    'Let one of them return without the result of the other.',
  ]);
}

function outOfReach(waiter: RunningTask, id: string, why: string, remedy: readonly string[]): NestworkError {
  const what = `Task "${printable(waiter.name)}" ${waiter.id} waits for the result of task ${id}, ${why}.`;
  return new NestworkError('RESULT_OUT_OF_REACH', what, remedy);
}

function endless(id: string): NestworkError {
  const what = `Task ${id} was tried ${MOST_ATTEMPTS} times, and no time had passed.`;
  return new NestworkError('ENDLESS_TASKS', what, 'Give its retries a `backoff`.');
}

function tooDeep({ name }: RunningTask): NestworkError {
  const what = `${MOST_LEVELS} tasks wait, each for the next one. The last is "${printable(name)}".`;
  return new NestworkError('ENDLESS_TASKS', what, 'Let a task that awaits another call of itself end at some depth.');
}
