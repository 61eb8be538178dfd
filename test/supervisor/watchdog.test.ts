import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../src/ipc/monotonic-clock.js';
import { DIES } from '../../src/ipc/scoreboard-layout.js';
import { type LimitedTask, ScoreboardReader } from '../../src/ipc/scoreboard-reader.js';
import { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { Watchdog } from '../../src/supervisor/watchdog.js';

const HOUR_MS = 3_600_000;
const ids = new TaskIdSequence();

/** A child whose notes are real, and whose end is noted. */
class TestChild {
  readonly scoreboard = new ScoreboardReader(4);
  readonly notes = new ScoreboardWriter(4, this.scoreboard.fd);
  readonly ended: { tasks: readonly LimitedTask[]; why: string }[] = [];

  /** Starts a task that has to end so many ms from now. */
  starts(inMs: number, afterwards = DIES): string {
    const id = ids.next();
    this.notes.started(id);
    this.notes.limited(id, { deadlineMs: monotonicMs() + inMs, afterwards });
    return id;
  }

  endFor(tasks: readonly LimitedTask[], why: string): void {
    this.ended.push({ tasks, why });
  }
}

let children: TestChild[];
let errors: unknown[];
let watchdog: Watchdog;
beforeEach(() => {
  children = [new TestChild(), new TestChild()];
  errors = [];
  watchdog = new Watchdog(
    () => children,
    (error) => errors.push(error),
  );
});
afterEach(async () => {
  await watchdog.stop();
  for (const child of children) child.scoreboard.close();
});

it('a process whose tasks should have ended is ended, and others are not', async () => {
  const [first, second] = children as [TestChild, TestChild];
  const [a, b] = [first.starts(-1, 50), first.starts(-2)];
  first.starts(HOUR_MS);
  second.starts(HOUR_MS);
  second.notes.started(ids.next());
  await watchdog.tick();
  expect(first.ended).toEqual([
    {
      tasks: expect.arrayContaining([
        expect.objectContaining({ id: a, afterwards: 50 }),
        expect.objectContaining({ id: b, afterwards: DIES }),
      ]),
      why: 'a task ran beyond its hard timeout',
    },
  ]);
  expect(first.ended[0]?.tasks).toHaveLength(2);
  expect(second.ended).toEqual([]);
});

it.each<[string, (child: TestChild, id: string) => void]>([
  ['is done', (child, id) => child.notes.done(id)],
  ['has failed', (child, id) => child.notes.failed(id)],
  ['was not started after all', (child, id) => child.notes.withdrawn(id)],
])('a task that %s is ignored', async (_what, end) => {
  const [child] = children as [TestChild];
  end(child, child.starts(-1));
  child.notes.flush();
  await watchdog.tick();
  expect(child.ended).toEqual([]);
});

it('a started watchdog finds late tasks by itself, and goes on after a failed look', async () => {
  const [broken, child] = children as [TestChild, TestChild];
  broken.scoreboard.close();
  children = [child];
  let looks = 0;
  watchdog = new Watchdog(
    () => {
      looks += 1;
      return looks === 1 ? [broken] : children;
    },
    (error) => errors.push(error),
  );
  const id = child.starts(150);
  watchdog.start();
  while (child.ended.length === 0) await delay(5);
  expect(child.ended[0]?.tasks).toEqual([expect.objectContaining({ id })]);
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('scoreboard is closed') })]);
});
