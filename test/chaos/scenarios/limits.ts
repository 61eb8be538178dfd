import { ENDURING, underAllFaults } from '../harness/all-faults.js';
import type { Entry } from '../harness/ledger.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

/** Tasks that wait at once. */
const AHEAD = 4_000;
const AT_ONCE = 200;
const PATIENCE_MS = 900_000;
/** As ChaosTasks declares them. */
const MOST = 2;
const RATE = { perSecond: 400, burst: 20 };
/** Between a claim, which counts, and the start that the ledger shows. A process may be stopped there by the scheduler of the machine. */
const LAG_MS = 500;

/** Limits under everything that can happen to processes, to replies and to Redis. The ledger is the observer: no count of Redis is asked. */
export const limits: Scenario = {
  name: 'limits',
  promise: 'no more tasks than a limit allows run at once or start in a time, and all of them run',
  arena: () => ENDURING,

  async run(stage) {
    const { arena, short } = stage;
    const { count, faults, keys } = short
      ? { count: 3_000, faults: 9, keys: 40 }
      : { count: 1_000_000, faults: 400, keys: 1_000 };
    await underAllFaults(stage, faults, {
      units: 'tasks',
      count,
      send: () => send(stage, count, keys),
      ended: () => arena.ledger.update().finishes.size,
    });
    await arena.drained(PATIENCE_MS);
    const left = await arena.redis.hlen('{nestwork}:slots');
    return {
      faults,
      figure: `${arena.ledger.startsOf('').length} starts, ${arena.proxy.total} lost replies`,
      problems: [...exceeded(stage), ...unless(left === 0, `${left} limits are held by nobody`)],
    };
  },
};

async function send({ arena, random }: Stage, count: number, keys: number): Promise<void> {
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    await arena.until('tasks end', () => sent - arena.ledger.update().finishes.size < AHEAD, PATIENCE_MS);
    if ((sent / AT_ONCE) % 5 === 2) {
      const calls = Array.from({ length: AT_ONCE }, (_, at): [string, number] => [`paced ${sent + at}`, 0]);
      await arena.producer.sendMany('paced', calls);
      continue;
    }
    const key = String(random.between(0, keys));
    const options = { limitKeys: { chaos: key }, fairKey: String(random.between(0, 5)) };
    const calls = Array.from({ length: AT_ONCE }, (): [string, number] => [`limited ${key}`, random.between(0, 3)]);
    await arena.producer.sendMany('limited', calls, options);
  }
}

function exceeded({ arena }: Stage): string[] {
  const byKey = new Map<string, Entry[]>();
  for (const start of arena.ledger.startsOf('limited ')) {
    byKey.set(start.label, [...(byKey.get(start.label) ?? []), start]);
  }
  const most = Math.max(0, ...[...byKey.values()].map((starts) => mostAtOnce(starts, (start) => endOf(arena, start))));
  const paced = arena.ledger.startsOf('paced ').map(({ at }) => at);
  const window = worstWindow(paced.sort((a, b) => a - b));
  return [
    ...unless(byKey.size > 0 && paced.length > 0, 'no task with a limit has run'),
    ...unless(most <= MOST, `${most} tasks of one key ran at once, of ${MOST}`),
    ...unless(window <= 0, `a window had ${window} starts more than its rate allows`),
  ];
}

/** When an execution ended: its finish, or the death of its process. */
function endOf(arena: Stage['arena'], { id, attempt, pid, at }: Entry): number {
  const finish = arena.ledger.finishes.get(id)?.find((entry) => entry.pid === pid && entry.attempt === attempt);
  return finish?.at ?? arena.deathOf(pid) ?? at;
}

/** The most executions at one moment. What ends in a millisecond ends before what starts in it. */
function mostAtOnce(starts: readonly Entry[], end: (start: Entry) => number): number {
  const changes = starts.flatMap((start) => [
    { at: start.at, by: 1 },
    { at: end(start), by: -1 },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let [running, most] = [0, 0];
  for (const { by } of changes) {
    running += by;
    most = Math.max(most, running);
  }
  return most;
}

/** By how many starts the worst of all windows exceeds the rate; below 0 when none does. */
function worstWindow(times: readonly number[]): number {
  // a start counts 1, and every ms that passes allows some: the sum that is greatest above its lowest point before
  let worst = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [index, at] of times.entries()) {
    const before = index - (at * RATE.perSecond) / 1_000;
    lowest = Math.min(lowest, before);
    worst = Math.max(worst, before + 1 - lowest);
  }
  return worst - RATE.burst - (LAG_MS * RATE.perSecond) / 1_000;
}
