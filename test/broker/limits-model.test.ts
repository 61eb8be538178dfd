/**
 * Random tasks with limits, tenants and priorities over children that only a bell wakes, and a promoter that only its alarm and its timer
 * wake. An observer counts from outside that no limit is exceeded; after every command each line that waits is woken by something. In
 * the end every run is drained in the same way: everything has run, and nothing of limits is left in Redis.
 *
 * More on demand, and a failure once more:
 *
 *     NESTWORK_MODEL_RUNS=2000 npm test -- test/broker/limits-model
 *     NESTWORK_MODEL_SEED=1234 npm test -- test/broker/limits-model
 */
import fc from 'fast-check';
import { BrokerFixture } from '../support/broker-fixture.js';
import { checkInvariants } from '../support/invariants.js';
import { COMMANDS, LimitWorld, type Step } from './model/limit-world.js';

const DEFAULT_RUNS = 100;
const RUNS = Number(process.env.NESTWORK_MODEL_RUNS ?? DEFAULT_RUNS);
const SEED = Number(process.env.NESTWORK_MODEL_SEED ?? Date.now() % 2 ** 31);
const STEPS = 120;
/** About 20 times the length of a run, so that it ends a hang and judges no machine. */
const PATIENCE_MS = 60_000 + RUNS * 10_000;

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
  'limits hold in every way out of a task, and nothing that may start is left asleep',
  async () => {
    const met = new Set<string>();
    const property = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: STEPS, size: 'max' }), (steps) =>
      run(steps, met),
    );
    const result = await fc.check(property, { numRuns: RUNS, seed: SEED });
    if (result.failed) {
      const log = JSON.stringify(result.counterexample?.[0]);
      throw new Error(`seed ${result.seed}: ${(result.errorInstance as Error).message}\n${log}`);
    }
    if (RUNS < DEFAULT_RUNS) return;
    const situations = ['two limits', 'a line with several tasks', 'a process died', 'cancelled while it waited'];
    expect(situations.filter((situation) => !met.has(situation))).toEqual([]);
  },
  PATIENCE_MS,
);

async function run(steps: readonly Step[], met: Set<string>): Promise<void> {
  await fixture.redis.flushall();
  const world = await LimitWorld.start(fixture);
  for (const [at, next] of steps.entries()) {
    try {
      await world.take(next);
      await checkInvariants(fixture.redis);
    } catch (error) {
      throw new Error(`after step ${at} (${next.command}): ${(error as Error).message}`);
    }
  }
  await world.drain();
  await world.checkNothingLeft();
  for (const situation of world.met) met.add(situation);
}
