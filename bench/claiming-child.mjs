/** A child without its supervisor, in this process, for the benches of single costs. */
import { once } from 'node:events';
import { openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { ScoreboardWriter } from '../dist/ipc/scoreboard-writer.js';
import { PolicyBook } from '../dist/policy/policy-book.js';
import { TaskRegistry } from '../dist/task/task-registry.js';
import { ClaimLoop } from '../dist/worker/claim-loop.js';
import { Executor } from '../dist/worker/executor.js';

const LEASE_MS = 3_600_000;
const QUEUES = ['default'];

/**
 * The claim loop of a child that serves the queue `default` and has one task.
 *
 * @param settings `name` is that of the task, `handler` gets its arguments, `hooks` are called around it, `payloads` opens what is sealed
 * @param further options of the loop, from the broker, the claimant and the catalog of the child
 */
export async function claimingChild(
  { url, namespace, session = 'session', name = 'Bench.task', concurrency, handler, hooks = [], payloads },
  further = () => ({}),
) {
  const broker = new RedisBroker({ redis: url, namespace, queues: QUEUES, commandTimeoutMs: 60_000 });
  await broker.connect();
  const claimant = { session, child: `${session}.1`, queues: QUEUES };
  const catalog = [{ name, queue: 'default' }];
  await broker.openSession({ session, leaseMs: LEASE_MS, queues: QUEUES, catalog, host: 'bench', pid: process.pid });
  await broker.register(session, claimant.child);
  const registry = new TaskRegistry();
  registry.add({
    name,
    queue: 'default',
    where: 'bench',
    origin: { type: Object, method: 'task', module: 'bench', decorator: '@Task()' },
    policyOf: new PolicyBook({}, new Map()).of({}, 'default', name),
    handler,
  });
  const loop = new ClaimLoop({
    ...further({ broker, claimant, catalog }),
    broker,
    claimant,
    executor: new Executor(registry, hooks, undefined, undefined, payloads),
    concurrency,
    maxTasks: 0,
    scoreboard: new ScoreboardWriter(1_000, scoreboardFile()),
    onWorn: () => {},
    onLeaseLost: () => {},
  });
  return { broker, claimant, loop };
}

/**
 * The life of a process that answers each message with what that number of tasks has cost, once Redis has the end of the last one. It says
 * `ready` when it claims, and `counting` when the tasks may come.
 *
 * @param settings of `claimingChild`
 * @param begin starts to measure; what it returns gives the answer, and gets the number of tasks
 */
export async function answerTurns(settings, begin) {
  let [left, ended] = [0, 0];
  const onOutcome = () => {
    ended += 1;
    if (ended === left) process.emit('drained');
  };
  const { broker, claimant, loop } = await claimingChild(settings, () => ({ onOutcome }));
  process.on('message', async (tasks) => {
    [left, ended] = [tasks, 0];
    const drained = once(process, 'drained');
    process.send('counting');
    const end = begin();
    await drained;
    // the last ends are on their way to Redis
    while ((await broker.holdings(claimant)).ids.length > 0);
    process.send(end(tasks));
    left = 0;
  });
  process.send('ready');
  await loop.run();
}

/** A file without a name: nothing is left of it when the process has ended. */
function scoreboardFile() {
  const path = join(tmpdir(), `nestwork-bench-${process.pid}`);
  const file = openSync(path, 'w+');
  unlinkSync(path);
  return file;
}
