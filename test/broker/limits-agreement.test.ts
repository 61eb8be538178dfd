/**
 * The same random program of senders and one worker, on Redis and in memory: both must start the same tasks in the same order. Where they
 * break ties in other ways, for tenants and for tasks of one instant, a program has none; the conformance suite tests those.
 *
 * More on demand, and a failure once more:
 *
 *     NESTWORK_MODEL_RUNS=2000 npm test -- test/broker/limits-agreement
 *     NESTWORK_MODEL_SEED=1234 npm test -- test/broker/limits-agreement
 */
import fc from 'fast-check';
import type { ClaimedTask, LimitDeclaration } from '../../src/broker/port/broker.js';
import { limitKey } from '../../src/message/limit-tag.js';
import { encodeDone } from '../../src/message/task-result.js';
import { withTime } from '../../src/testing/memory/message-edits.js';
import { idOf, LINE, MINUTE_MS, NEW_YEAR, QUEUES, REPORT, Stage, type Work, type World } from './conformance/stage.js';
import { inMemory, overRedis } from './conformance/worlds.js';

const RUNS = Number(process.env.NESTWORK_MODEL_RUNS ?? 40);
const SEED = Number(process.env.NESTWORK_MODEL_SEED ?? Date.now() % 2 ** 31);
/** About 20 times the length of a run, so that it ends a hang and judges no machine. */
const PATIENCE_MS = 60_000 + RUNS * 5_000;

type Command =
  | { readonly kind: 'send'; readonly queue: string; readonly limits: readonly string[]; readonly priority: number }
  | { readonly kind: 'ask'; readonly limits: readonly string[] }
  | { readonly kind: 'plain'; readonly queue: string }
  | { readonly kind: 'claim' | 'done' | 'bury' | 'retry' | 'stop' | 'cancel'; readonly at: number }
  | { readonly kind: 'pass'; readonly minutes: number };

const limit = (name: string, rest: Partial<LimitDeclaration>): LimitDeclaration => {
  return { name, keyed: false, ordered: false, ...rest };
};

const DECLARED = [
  limit('two', { concurrency: 2 }),
  limit('one', { concurrency: 1, keyed: true }),
  limit('ordered', { concurrency: 1, keyed: true, ordered: true }),
  limit('queue bulk', { concurrency: 3, queue: 'bulk' }),
];
const PACED = [
  limit('rate', { intervalUs: MINUTE_MS * 1_000, burst: 2 }),
  limit('slow', { concurrency: 3, intervalUs: 3 * MINUTE_MS * 1_000, burst: 1, keyed: true }),
  limit('queue bulk', { intervalUs: 2 * MINUTE_MS * 1_000, burst: 1, queue: 'bulk' }),
];

const index = fc.nat({ max: 9 });
const queue = fc.constantFrom(...QUEUES);
const some = (keys: readonly string[]) => fc.subarray([...keys], { maxLength: 3 });
const keysOf = (name: string): string[] => ['acme', 'globex'].map((key) => limitKey(name, key));
const act = (...kinds: ('claim' | 'done' | 'bury' | 'retry' | 'stop' | 'cancel')[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), at: index });

// two tasks that keep slots of ordered limits would have the same turn
const LIMITS = [limitKey('two'), ...keysOf('one'), limitKey('ordered', 'acme')];
/** Concurrency and priority, while no time passes. */
const crowded = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('send'), queue, limits: some(LIMITS), priority: fc.nat({ max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask'), limits: some(LIMITS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('plain'), queue }) },
  { weight: 6, arbitrary: act('claim') },
  { weight: 4, arbitrary: act('done', 'done', 'bury', 'retry', 'cancel') },
) as fc.Arbitrary<Command>;

const RATES = [limitKey('rate'), ...keysOf('slow')];
/** Rates and stops, while time passes. */
const paced = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('send'), queue, limits: some(RATES), priority: fc.constant(0) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('plain'), queue }) },
  { weight: 5, arbitrary: act('claim') },
  { weight: 3, arbitrary: act('done', 'stop') },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass'), minutes: fc.integer({ min: 1, max: 4 }) }) },
) as fc.Arbitrary<Command>;

/** One broker, its worker, and what that holds. */
class Side {
  private constructor(
    readonly world: World,
    private readonly work: Work,
  ) {}

  static async start(world: World, limits: readonly LimitDeclaration[]): Promise<Side> {
    await world.reset();
    return new Side(world, await world.work([], limits));
  }

  readonly held: ClaimedTask[] = [];

  async claim(): Promise<string | undefined> {
    const task = await this.work.claims.next();
    if (task) this.held.push(task);
    return task?.id;
  }

  async end(how: 'done' | 'bury' | 'retry' | 'stop', task: ClaimedTask): Promise<void> {
    const { claims } = this.work;
    this.held.splice(this.held.indexOf(task), 1);
    if (how === 'done') await claims.done(task, encodeDone(7));
    else if (how === 'bury') await claims.bury(task, REPORT, LINE);
    else {
      const [stopped] = how === 'stop' ? RATES.filter((key) => task.message.includes(`l${key}`)) : [];
      const stop = stopped === undefined ? undefined : { limit: stopped, ms: 2 * MINUTE_MS };
      const failures = Number.parseInt(task.message.slice(21, 23), 36);
      await claims.retry(task, { inMs: 0, failures, line: LINE, counts: true, stop });
    }
  }
}

/** Plays a program on both, and says what each has started. */
class Play {
  private readonly makes: Stage;
  private readonly waiting: string[] = [];
  private sent = 0;
  readonly starts: [redis: unknown, memory: unknown][] = [];

  constructor(
    private readonly redis: Side,
    private readonly memory: Side,
  ) {
    this.makes = new Stage(memory.world);
  }

  async run(command: Command): Promise<void> {
    await this.both(nextInstant);
    if (command.kind === 'claim') await this.claim();
    else if (command.kind === 'pass') await this.pass(command.minutes);
    else if (command.kind === 'cancel') await this.cancel(command.at);
    else if ('at' in command) await this.end(command.kind, command.at);
    else await this.send(command);
  }

  /** Ends what runs and starts what waits, until nothing is left; time passes where nothing can start. */
  async drain(): Promise<void> {
    for (let idle = 0; idle < 30; ) {
      await this.claim();
      const [, started] = this.starts.at(-1) ?? [];
      idle = started === undefined ? idle + 1 : 0;
      if (started === undefined) {
        await this.end('done', 0);
        await this.pass(1);
      }
    }
  }

  private async send(command: Extract<Command, { kind: 'send' | 'ask' | 'plain' }>): Promise<void> {
    this.sent += 1;
    const { kind } = command;
    const {
      limits = [],
      priority = 0,
      queue = 'default',
    } = { ...command } as Partial<Extract<Command, { kind: 'send' }>>;
    const key = kind === 'send' ? `key ${this.sent}` : undefined;
    const made = this.makes.starting({ limits, priority, enqueuedAt: NEW_YEAR, ...(key !== undefined && { key }) });
    this.waiting.push(idOf(made));
    // the clock of a sender is that of its broker
    const messageFor = async ({ world }: Side): Promise<string> => withTime(made, await world.broker.places.now());
    if (kind === 'ask') {
      const asked = { refuses: true };
      await this.same(async (side) => side.world.broker.enqueueLimited(queue, [await messageFor(side)], asked));
    } else if (kind === 'plain')
      await this.both(async (side) => side.world.broker.enqueue(queue, [await messageFor(side)]));
    else {
      const options = { due: undefined, replace: false };
      await this.both(async (side) => side.world.broker.enqueueUnique(queue, await messageFor(side), options));
    }
  }

  private async claim(): Promise<void> {
    // it hands on a slot that was freed for another queue
    await this.both(({ world }) => world.broker.promote(100));
    await this.same((side) => side.claim());
  }

  private async end(how: 'done' | 'bury' | 'retry' | 'stop', at: number): Promise<void> {
    await this.both(async (side) => {
      const task = side.held[at % Math.max(side.held.length, 1)];
      if (task) await side.end(how, task);
    });
  }

  private async cancel(at: number): Promise<void> {
    const id = this.waiting[at % Math.max(this.waiting.length, 1)];
    if (id !== undefined) await this.same(async ({ world }) => (await world.broker.cancel(id)).state);
  }

  private pass(minutes: number): Promise<void> {
    return this.both(async ({ world }) => {
      // beyond the end of a time in both, however fast they are
      await world.letTimePass(minutes * MINUTE_MS + 10);
    });
  }

  private async same(act: (side: Side) => Promise<unknown>): Promise<void> {
    this.starts.push([await act(this.redis), await act(this.memory)]);
  }

  private async both(act: (side: Side) => Promise<unknown>): Promise<void> {
    await act(this.redis);
    await act(this.memory);
  }
}

/** What comes into its queue now comes in another ms than all before. */
async function nextInstant({ world }: Side): Promise<void> {
  const now = await world.broker.places.now();
  while ((await world.broker.places.now()) === now) await world.letTimePass(1);
}

let worlds: [redis: World, memory: World];
beforeAll(async () => {
  worlds = [await overRedis(), await inMemory()];
});
afterAll(() => Promise.all(worlds.map((world) => world.stop())));

it.each([
  ['concurrency and priorities', crowded, DECLARED],
  ['rates and stops', paced, PACED],
] as const)(
  'Redis and memory start the same tasks in the same order, by %s',
  async (_, commands, declared) => {
    const property = fc.asyncProperty(fc.array(commands, { minLength: 20, maxLength: 80 }), async (program) => {
      const [redis, memory] = worlds;
      const play = new Play(await Side.start(redis, declared), await Side.start(memory, declared));
      for (const command of program) await play.run(command);
      await play.drain();
      expect(play.starts.map(([, started]) => started)).toEqual(play.starts.map(([started]) => started));
      expect(play.starts.filter(([started]) => started !== undefined).length).toBeGreaterThan(0);
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
  },
  PATIENCE_MS,
);
