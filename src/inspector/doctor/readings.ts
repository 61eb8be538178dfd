import type { AppBroker, CronRecord, QueueState } from '../../broker/port/broker.js';
import type { ServerFacts, SessionRecord } from '../../broker/port/checkup-port.js';
import type { LiveSessions, WorkerRecord } from '../../broker/port/worker-port.js';
import type { Clock } from '../../values/clock.js';
import { once } from '../../values/once.js';
import type { KnownQueues } from '../queues/known-queues.js';
import { type KeySurvey, surveyKeys } from './key-survey.js';

const MOST_RUN_TIME_CRONS = 1_000;

/** The parts of Redis that checks look at. */
export type DoctorBroker = Pick<
  AppBroker,
  | 'checkup'
  | 'workers'
  | 'queueStates'
  | 'crons'
  | 'catalog'
  | 'places'
  | 'pauses'
  | 'deadLetters'
  | 'limitRules'
  | 'outbox'
>;

/** Reads for all checks of one examination, each thing once. */
export class Readings {
  readonly server = once((): Promise<ServerFacts> => this.broker.checkup.server());
  readonly now = once((): Promise<number> => this.broker.checkup.now());
  readonly keys = once((): Promise<KeySurvey> => surveyKeys(this.broker.checkup, this.withinMs));
  readonly sessions = once((): Promise<readonly SessionRecord[]> => this.broker.checkup.sessions());
  /** those whose lease runs */
  readonly live = once((): Promise<LiveSessions> => this.broker.workers.sessions());
  readonly workers = once(async (): Promise<readonly WorkerRecord[]> => this.broker.workers.workers(await this.live()));
  readonly crons = once(async (): Promise<readonly CronRecord[]> => this.broker.crons.records(await this.live()));
  /** the first of those that were set at run time: there may be many, and they differ little */
  readonly runTimeCrons = once(
    (): Promise<readonly CronRecord[]> => this.broker.crons.runTime.page({ count: MOST_RUN_TIME_CRONS }),
  );
  readonly queueNames = once(async (): Promise<readonly string[]> => this.known.all(await this.live()));
  readonly queues = once(
    async (): Promise<readonly QueueState[]> =>
      this.broker.queueStates(await this.queueNames(), { sessions: await this.live() }),
  );

  constructor(
    readonly broker: DoctorBroker,
    private readonly known: KnownQueues,
    readonly clock: Clock,
    readonly withinMs: number,
  ) {}

  get where(): string {
    return this.broker.checkup.where;
  }
}
