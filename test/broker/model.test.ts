/**
 * Random commands to the broker, from producers, children, supervisors and reapers, with misfortunes in between: a model
 * foretells every answer, and the whole state after it.
 *
 * - `model/system.ts`: the two systems that run the commands
 * - `model/broker-model.ts`: the model, which is the specification
 * - `model/real-system.ts`: the real broker
 * - `model/broker-command.ts`: one command, and the comparison after it
 * - `model/commands.ts`: all commands and how often each comes
 * - `model/situations.ts`: the situations that the commands must reach for the test to prove anything
 *
 * By default more than 10,000 commands, at 1 to 2 ms each. More on demand, and a failure once more:
 *
 *     NESTWORK_MODEL_RUNS=5000 npm test -- test/broker/model
 *     NESTWORK_MODEL_SEED=1234 npm test -- test/broker/model
 */
import fc from 'fast-check';
import type { Experiment } from './model/broker-command.js';
import { BrokerModel } from './model/broker-model.js';
import { brokerCommand } from './model/commands.js';
import { RealSystem } from './model/real-system.js';
import { SITUATIONS, type Situation } from './model/situations.js';
import { populate } from './model/supervisor-commands.js';

/** A run has 125 commands on average; fewer runs would now and then stay below 10,000. */
const DEFAULT_RUNS = 130;
const RUNS = Number(process.env.NESTWORK_MODEL_RUNS ?? DEFAULT_RUNS);
const SEED = Number(process.env.NESTWORK_MODEL_SEED ?? Date.now() % 2 ** 31);
const COMMANDS_PER_RUN = 250;
/** About 20 times the length of a run, so that it ends a hang and judges no machine. */
const PATIENCE_MS = 60_000 + RUNS * 5_000;

describe('the broker', () => {
  const met = new Set<Situation>();
  let real: RealSystem;
  let executed = 0;

  beforeAll(async () => {
    real = await RealSystem.start();
  });
  afterAll(() => real.stop());

  it(
    'behaves like the model in every situation',
    async () => {
      const commands = fc.commands([brokerCommand], {
        maxCommands: COMMANDS_PER_RUN,
        size: 'max',
        disableReplayLog: true,
      });
      const result = await fc.check(fc.asyncProperty(commands, compare), { numRuns: RUNS, seed: SEED });
      if (result.failed) throw new Error(report(result));
      if (RUNS < DEFAULT_RUNS) return;
      expect(executed).toBeGreaterThanOrEqual(10_000);
      expect(SITUATIONS.filter((situation) => !met.has(situation))).toEqual([]);
    },
    PATIENCE_MS,
  );

  /** One run, from an empty broker. Fails with the log of its commands. */
  async function compare(commands: Iterable<fc.AsyncCommand<BrokerModel, Experiment>>): Promise<void> {
    const model = new BrokerModel((situation) => met.add(situation));
    const log: string[] = [];
    await real.clear();
    await populate(model, [model, real]);
    try {
      await fc.asyncModelRun(() => ({ model, real: { real, log } }), commands);
      await real.checkInvariants();
    } catch (error) {
      throw new Error(`${log.map((line, index) => `${index + 1}. ${line}`).join('\n')}\n\n${(error as Error).message}`);
    }
    executed += log.length;
  }
});

function report<T>({ numRuns, numShrinks, errorInstance, seed }: fc.RunDetails<T>): string {
  return `The broker does not behave like the model (run ${numRuns}, shrunk ${numShrinks} times):

${(errorInstance as Error).message}

Run it again: NESTWORK_MODEL_SEED=${seed} npm test -- test/broker/model`;
}
