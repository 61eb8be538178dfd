/**
 * Random ways out of tasks that are members of batches and nodes of flows, each command repeated at random as a client does that has lost
 * a reply. After every command the counts of each group equal a count over all places (see support/group-invariants.ts). In the end every run
 * is drained: then each group has ended, each callback was sent once or not at all, and no task of a flow is left.
 *
 * More on demand, and a failure once more:
 *
 *     NESTWORK_MODEL_RUNS=2000 npm test -- test/broker/groups-model
 *     NESTWORK_MODEL_SEED=1234 npm test -- test/broker/groups-model
 */
import fc from 'fast-check';
import { BrokerFixture } from '../support/broker-fixture.js';
import { checkInvariants } from '../support/invariants.js';
import { COMMANDS, GroupWorld, type Step } from './model/group-world.js';

const DEFAULT_RUNS = 200;
const RUNS = Number(process.env.NESTWORK_MODEL_RUNS ?? DEFAULT_RUNS);
const SEED = Number(process.env.NESTWORK_MODEL_SEED ?? Date.now() % 2 ** 31);
const STEPS = 60;
/** About 20 times the length of a run, so that it ends a hang and judges no machine. */
const PATIENCE_MS = 60_000 + RUNS * 5_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterAll(() => fixture.stop());

const step: fc.Arbitrary<Step> = fc.record({
  command: fc.constantFrom(...COMMANDS),
  choice: fc.nat(1_000),
  again: fc.nat(3).map((times) => times === 0),
});

it(
  'every way out of a task counts once in its group, and releases what waits once',
  async () => {
    const met = new Set<string>();
    const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: STEPS, size: 'max' }), (steps) =>
      run(steps, met),
    );
    const result = await fc.check(property, { numRuns: RUNS, seed: SEED });
    if (result.failed) {
      const log = JSON.stringify(result.counterexample?.[0]);
      throw new Error(`seed ${result.seed}: ${(result.errorInstance as Error).message}\n${log}`);
    }
    if (RUNS < DEFAULT_RUNS) return;
    const states = ['batch done', 'batch failed', 'batch cancelled', 'batch expired', 'batch abandoned'];
    const flows = ['flow done', 'flow failed', 'flow cancelled', 'flow expired'];
    expect([...states, ...flows].filter((state) => !met.has(state))).toEqual([]);
  },
  PATIENCE_MS,
);

async function run(steps: readonly Step[], met: Set<string>): Promise<void> {
  await fixture.redis.flushall();
  const world = await GroupWorld.start(fixture);
  for (const [at, next] of steps.entries()) {
    await world.take(next);
    await checkInvariants(fixture.redis).catch((error: Error) => {
      throw new Error(`after step ${at} (${next.command}): ${error.message}`);
    });
  }
  await world.drain();
  await checkInvariants(fixture.redis);
  for (const state of await world.verdict()) met.add(state);
}
