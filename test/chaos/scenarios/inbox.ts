import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from '../harness/arena.js';
import { DIALECTS, type Dialect, InboxDatabase } from '../harness/inbox-database.js';
import { childrenOf, isWorker, signalPid } from '../harness/processes.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';
import { HASTY } from '../harness/settings.js';

const WORKER = { children: 2, concurrency: 4, lease: 1_500 } as const;
/** How long others have the tasks of a frozen worker before it goes on. */
const FROZEN_MS = 1_000;
/** Tasks that wait or run at once, at most. */
const AHEAD = 2_000;
const IN_ONE_CALL = 200;
const MAX_WAIT_MS = 300;
const PATIENCE_MS = 600_000;

/** What came of one database. */
interface Outcome {
  readonly dialect: Dialect;
  readonly tasks: number;
  readonly missing: number;
  readonly twice: number;
  /** starts beyond the first of a task */
  readonly again: number;
}

/** Tasks that insert a row, under kills of everything: each row is there once, although tasks run twice, also at the same time. */
export const inbox: Scenario = {
  name: 'inbox',
  promise: 'a task with an inbox has its effect in the database once, however often it runs',
  arena: () => ({ ...HASTY, redisArgs: ['--appendonly', 'yes', '--appendfsync', 'always'] }),

  async run(stage) {
    const { short } = stage;
    const count = Number(process.env.CHAOS_INBOX_TASKS ?? (short ? 2_000 : 100_000)) / DIALECTS.length;
    const faults = short ? 10 : 100;
    const outcomes: Outcome[] = [];
    for (const dialect of DIALECTS) {
      const database = await InboxDatabase.start(dialect);
      if (!database) continue;
      try {
        outcomes.push(await effects(stage, { dialect, database, count, faults }));
      } finally {
        await database.stop();
      }
    }
    const figures = outcomes.map(
      ({ dialect, tasks, again, missing, twice }) =>
        `${dialect}: ${tasks} tasks, ${again} starts again, ${missing} effects missing, ${twice} twice`,
    );
    return {
      faults: faults * outcomes.length,
      figure: figures.join('; ') || 'no database on this machine',
      problems: outcomes.flatMap(({ dialect, missing, twice }) => [
        ...unless(missing === 0, `${dialect}: ${missing} tasks have had no effect`),
        ...unless(twice === 0, `${dialect}: ${twice} tasks have had their effect more than once`),
      ]),
    };
  },
};

interface Load {
  readonly dialect: Dialect;
  readonly database: InboxDatabase;
  readonly count: number;
  readonly faults: number;
}

async function effects(stage: Stage, { dialect, database, count, faults }: Load): Promise<Outcome> {
  const { arena, random } = stage;
  const start = async (): Promise<void> => {
    const worker = arena.worker(WORKER, { DATABASE_URL: database.url, WORKER_FILE: 'inbox-worker.js' });
    await arena.booted(worker, WORKER.children);
  };
  const workers = (): typeof arena.workers => arena.workers.filter(({ running }) => running);
  await start();
  await start();
  const ids: string[] = [];
  const done = (): number => arena.ledger.update().finishes.size;
  const before = done();
  const send = async (): Promise<void> => {
    while (ids.length < count) {
      await arena.until('tasks end', () => ids.length - (done() - before) < AHEAD, PATIENCE_MS);
      const most = Math.min(IN_ONE_CALL, count - ids.length);
      const calls = Array.from({ length: most }, (_, at): [string, number] => [
        `${dialect} ${ids.length + at}`,
        random.chance(0.5) ? random.between(1, 20) : 0,
      ]);
      ids.push(...(await arena.producer.sendMany('effect', calls)));
    }
  };
  const sending = send();
  for (let fault = 0; fault < faults; fault += 1) {
    // over all of the load
    const wanted = before + Math.floor(((fault + 0.5) / faults) * count);
    await arena.until('tasks end', () => done() > wanted, PATIENCE_MS);
    await delay(random.between(0, MAX_WAIT_MS));
    await breakSomething(stage, fault, database, start);
  }
  await sending;
  await arena.until(
    'all tasks have ended',
    async () => {
      // three kills that hit one task bury it: somebody redrives it, once Redis is back for the producer, too
      const isRedriven = await arena.producer.redriveCrashed().then(
        () => true,
        () => false,
      );
      return isRedriven && (await arena.remaining()) === 0;
    },
    PATIENCE_MS,
  );
  for (const worker of workers()) worker.signal('SIGTERM');
  await Promise.all(arena.workers.map((worker) => worker.ended()));
  const times = await database.effects();
  const { starts } = arena.ledger.update();
  return {
    dialect,
    tasks: ids.length,
    missing: ids.filter((id) => !times.has(id)).length,
    twice: [...times.values()].filter((often) => often > 1).length,
    again: ids.reduce((sum, id) => sum + (starts.get(id)?.length ?? 1) - 1, 0),
  };
}

/** Kills a child mostly; in between the database, Redis or a supervisor, and freezes a worker for longer than its lease. */
async function breakSomething(
  { arena, random }: Stage,
  fault: number,
  database: InboxDatabase,
  start: () => Promise<void>,
): Promise<void> {
  const turn = fault % 10;
  const workers = arena.workers.filter(({ running }) => running);
  if (turn === 2 || turn === 6) {
    await database.crash();
  } else if (turn === 9) {
    await arena.server.kill('SIGKILL');
    await arena.server.restart();
  } else if (turn === 4) {
    arena.kill(random.pick(workers).pid);
    await start();
  } else if (turn === 7) {
    await freeze(arena, random.pick(workers).pid);
  } else {
    const victims = arena.victims();
    if (victims.length > 0) arena.kill(random.pick(victims));
  }
}

/** Freezes a worker for longer than its lease: its tasks start elsewhere, and wait for its transactions. */
async function freeze(arena: Arena, supervisor: number): Promise<void> {
  // one that has just lost its lease, and opens another session, has nothing to lose
  await arena.until('the worker has a lease', () => arena.hasSession(supervisor));
  signalPid(supervisor, 'SIGSTOP');
  const children = childrenOf(supervisor);
  for (const child of children) signalPid(child, 'SIGSTOP');
  // the supervisor lives on, and its next children have no excuse
  const at = Date.now();
  for (const child of children) arena.explain(child, at);
  await arena.until('the lease of the frozen worker is lost', async () => !(await arena.hasSession(supervisor)));
  await delay(FROZEN_MS);
  for (const one of [supervisor, ...children]) signalPid(one, 'SIGCONT');
  await arena.until('its children have ended', () => !children.some(isWorker));
}
