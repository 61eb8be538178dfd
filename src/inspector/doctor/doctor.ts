import { NestworkError } from '../../errors.js';
import { type Clock, systemClock } from '../../values/clock.js';
import { toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { isRedisAway } from '../../values/persist.js';
import { printable } from '../../values/printable.js';
import type { KnownQueues } from '../queues/known-queues.js';
import { CHECKS } from './checks.js';
import type { DoctorCheck, DoctorCheckName, DoctorOptions } from './doctor-report.js';
import { type Outcome, unchecked } from './outcome.js';
import { type DoctorBroker, Readings } from './readings.js';

/** Checks a server and a namespace, one check after the other. */
export class Doctor {
  constructor(
    private readonly broker: DoctorBroker,
    private readonly known: KnownQueues,
    private readonly clock: Clock = systemClock,
  ) {}

  /** See `Inspector.doctor`. */
  async examine(options: DoctorOptions = {}): Promise<readonly DoctorCheck[]> {
    assertKnownOptions(options, ['within'], 'inspector.doctor()');
    const { within = '5s' } = options;
    const readings = new Readings(this.broker, this.known, this.clock, toMilliseconds(within, 'within'));
    const checks: DoctorCheck[] = [];
    for (const [check, run] of Object.entries(CHECKS) as [DoctorCheckName, typeof CHECKS.dead][])
      checks.push({ check, ...(await outcomeOf(() => run(readings))) });
    return checks;
  }
}

/** A check that Redis refuses, for lack of a right or a command, is no reason to leave out the others. */
async function outcomeOf(check: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof NestworkError) || isRedisAway(error)) throw error;
    const [what = ''] = error.message.split('\n');
    return unchecked(printable(what, 500));
  }
}
