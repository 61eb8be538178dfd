import type { DueRun, Firing, FiringCron } from '../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { NestworkError } from '../../src/errors.js';
import { type DueCron, type FireOptions, fireCrons } from '../../src/maintenance/fire-crons.js';

const REFUSED = new NestworkError('REDIS_REFUSED', 'Redis refused a command.', 'Look at it.');
const AWAY = new NestworkError('REDIS_UNAVAILABLE', 'Redis is away.', 'Start it.');

let calls: { queue: string; crons: readonly FiringCron[] }[];
let errors: unknown[];
let refuses: (crons: readonly FiringCron[]) => unknown;
let toRun: (cron: CronDeclaration, due: number) => DueRun;
beforeEach(() => {
  calls = [];
  errors = [];
  refuses = () => undefined;
  toRun = ({ name }, due) => ({ due, message: `${name} ${due}` });
});

function cronOf(name: string, due: readonly number[] = [1], queue = 'default'): DueCron {
  const schedule = { everyMs: 1 };
  const plain = { missed: 'all', thresholdMs: 0, overlap: 'allow', disabled: false } as const;
  return { cron: { name, queue, schedule, ...plain }, due };
}

function crons(count: number, due: readonly number[] = [1], queue = 'default'): DueCron[] {
  return Array.from({ length: count }, (_, index) => cronOf(`${queue}.${index}`, due, queue));
}

function times(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Redis as far as firing goes: every run is new, unless the call is refused. */
async function fire(all: readonly DueCron[]): Promise<ReadonlyMap<string, Firing>> {
  const broker: FireOptions['broker'] = {
    fire: async (queue, its) => {
      if (its.length > 0) calls.push({ queue, crons: its });
      const error = refuses(its);
      if (error) throw error;
      return its.map(({ runs }) => ({ known: true, fired: runs.length, skipped: 0 }));
    },
  };
  return fireCrons(all, { broker, toRun, onError: (error) => errors.push(error) });
}

function runsOf({ crons: its }: { crons: readonly FiringCron[] }): string[] {
  return its.flatMap(({ runs }) => runs.map(({ message }) => message));
}

it('a cron of which times are left out is among a hundred of a call, also without a run', async () => {
  const missed = { settled: 1, first: 2, last: 3, count: 2, more: false, reason: 'no-worker' } as const;
  await fire([
    ...crons(100, []).map((cron) => ({ ...cron, missed })),
    { ...cronOf('with runs', [5, 6]), missed },
    ...crons(1, [], 'none'),
  ]);
  expect(calls.map(({ crons: its }) => its.length)).toEqual([100, 1]);
  expect(calls[0]?.crons[0]).toMatchObject({ runs: [], missed });
  expect(calls[1]?.crons).toMatchObject([{ name: 'with runs', missed, runs: [{ due: 5 }, { due: 6 }] }]);
});

it('crons are fired by queue, a hundred in a call', async () => {
  const fired = await fire([...crons(150), ...crons(3, [1], 'bulk'), cronOf('last')]);
  expect(calls.map(({ queue, crons: its }) => [queue, its.length])).toEqual([
    ['default', 100],
    ['default', 51],
    ['bulk', 3],
  ]);
  expect(fired.size).toBe(154);
  expect(errors).toEqual([]);
});

it('a call has a thousand runs at most, each cron has its own in their order, and what came of them is added up', async () => {
  const fired = await fire([cronOf('one', times(700)), cronOf('two', times(1_000))]);
  expect(calls.map((call) => runsOf(call).length)).toEqual([1_000, 700]);
  expect(calls.flatMap(runsOf)).toEqual([
    ...times(700).map((at) => `one ${at}`),
    ...times(1_000).map((at) => `two ${at}`),
  ]);
  expect([fired.get('one'), fired.get('two')]).toMatchObject([{ fired: 700 }, { fired: 1_000 }]);
});

it('a call has a megabyte of messages at most, unless one alone has more', async () => {
  toRun = ({ name }, due) => ({ due, message: name === 'huge' ? 'é'.repeat(600_000) : 'é'.repeat(200_000) });
  await fire([cronOf('large', times(3)), cronOf('huge', [1]), cronOf('more', [1])]);
  expect(calls.map(({ crons: its }) => its.map(({ name, runs }) => `${runs.length} ${name}`))).toEqual([
    ['2 large'],
    ['1 large'],
    ['1 huge'],
    ['1 more'],
  ]);
});

it('a call that is refused because of one cron is made for each alone, and the others fire', async () => {
  refuses = (its) => its.some(({ name }) => name === 'default.1') && REFUSED;
  const fired = await fire(crons(3));
  expect([...fired.keys()]).toEqual(['default.0', 'default.2']);
  expect(errors).toEqual([REFUSED]);
});

it('an error is reported once, however many crons it concerns', async () => {
  refuses = () => new NestworkError('REDIS_REFUSED', 'Redis refused a command.', 'Look at it.');
  expect((await fire(crons(5))).size).toBe(0);
  expect(errors).toHaveLength(1);
});

it('a cron whose earlier times could not be fired keeps the later ones', async () => {
  refuses = (its) => its.some(({ runs }) => runs[0]?.due === 1) && REFUSED;
  const fired = await fire([cronOf('one', times(1_500)), cronOf('two', [2])]);
  expect([...fired.keys()]).toEqual(['two']);
  expect(calls.flatMap(runsOf)).not.toContain('one 1001');
});

it('a cron whose later times could not be fired is not done', async () => {
  refuses = (its) => its.some(({ runs }) => runs[0]?.due === 1_001) && REFUSED;
  expect((await fire([cronOf('one', times(1_500))])).size).toBe(0);
  expect(calls.flatMap(runsOf)).toHaveLength(1_500);
});

it('after an error that is not about one cron nothing more is sent', async () => {
  refuses = () => calls.length > 1 && AWAY;
  const fired = await fire([...crons(250), ...crons(1, [1], 'bulk')]);
  expect(calls).toHaveLength(2);
  expect(fired.size).toBe(100);
  expect(errors).toEqual([AWAY]);
});

it('a cron whose message cannot be made does not hold up the others', async () => {
  const fault = new Error('no message');
  toRun = ({ name }, due) => {
    if (name === 'default.1') throw fault;
    return { due, message: name };
  };
  const fired = await fire(crons(3));
  expect([...fired.keys()]).toEqual(['default.0', 'default.2']);
  expect(errors).toEqual([fault]);
});
