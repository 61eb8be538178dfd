import type { AsyncCommand } from 'fast-check';
import type { BrokerModel } from './broker-model.js';
import type { RealSystem } from './real-system.js';
import { Refusal, type System } from './system.js';

/** The invariants take many round trips, and the comparison shows nearly all of their findings too. */
const COMMANDS_PER_CHECK = 25;

/** The effect of a command in the state that it finds. */
export interface Deed {
  /** for the log */
  readonly text: string;
  /** Resolves to everything that was answered. */
  readonly on: (system: System) => Promise<unknown>;
}

/** The real broker, and the log of the commands that it got in this run. */
export interface Experiment {
  readonly real: RealSystem;
  readonly log: string[];
}

/**
 * One random command: it decides by the model what to do, does it to both, and compares.
 *
 * Its arguments are drawn before anything has run, so they are choices ("the third of the registered children, two of
 * what it holds") rather than values. They mean something in any state, and they still do
 * once fast-check has left out half of the commands before it to shrink a counter-example.
 */
export class BrokerCommand implements AsyncCommand<BrokerModel, Experiment> {
  /** @param plan the action, undefined when no actor exists; changes nothing */
  constructor(
    private readonly name: string,
    private readonly plan: (model: BrokerModel) => Deed | undefined,
  ) {}

  check(model: BrokerModel): boolean {
    return this.plan(model) !== undefined;
  }

  async run(model: BrokerModel, { real, log }: Experiment): Promise<void> {
    const deed = this.plan(model);
    if (!deed) return;
    log.push(deed.text);
    const expected = await outcome(() => deed.on(model));
    const actual = await outcome(() => deed.on(real));
    expect({ answer: actual, state: await real.state() }).toEqual({ answer: expected, state: await model.state() });
    if (log.length % COMMANDS_PER_CHECK === 0) await real.checkInvariants();
  }

  toString(): string {
    return this.name;
  }
}

/** A reply, or the code of a refusal. */
async function outcome(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return { refused: codeOf(error) };
  }
}

/** The code of our error, or the first word of the error reply for which it has none. */
function codeOf(error: unknown): string {
  if (error instanceof Refusal) return error.code;
  const { code, cause, message } = error as Error & { code?: string };
  const reply = code === 'REDIS_REFUSED' && cause instanceof Error ? cause.message : message;
  return code === undefined || code === 'REDIS_REFUSED' ? reply.split(' ', 1).join() : code;
}
