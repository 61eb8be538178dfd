import fc from 'fast-check';
import type { Experiment } from './model/broker-command.js';
import { BrokerModel } from './model/broker-model.js';
import { brokerCommand } from './model/commands.js';
import { RealSystem } from './model/real-system.js';
import { SITUATIONS, type Situation } from './model/situations.js';
import { populate } from './model/supervisor-commands.js';

const RUNS = Number(process.env.NESTWORK_MODEL_RUNS ?? 250);
const SEED = Number(process.env.NESTWORK_MODEL_SEED ?? Date.now() % 2 ** 31);
const MAX_COMMANDS = 100;

let real: RealSystem;
beforeAll(async () => {
  real = await RealSystem.start();
});
afterAll(() => real.stop());

it('does what the model does', async () => {
  const met = new Map<Situation, number>();
  let executed = 0;
  const start = performance.now();
  const property = fc.asyncProperty(
    fc.commands([brokerCommand], { maxCommands: MAX_COMMANDS, size: 'max' }),
    async (commands) => {
      await real.clear();
      const model = new BrokerModel((s) => met.set(s, (met.get(s) ?? 0) + 1));
      await populate(model, [model, real]);
      const protocol: string[] = [];
      try {
        await fc.asyncModelRun(() => ({ model, real: { real, protocol } }), commands);
        await real.checkInvariants();
      } catch (e) {
        throw new Error(protocol.join('\n') + '\n' + (e as Error).message);
      }
      executed += protocol.length;
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  console.log(
    executed,
    (performance.now() - start) / 1000,
    met,
    SITUATIONS.filter((s) => !met.has(s)),
  );
}, 600_000);
