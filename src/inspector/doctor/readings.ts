import type { AppBroker, QueueState } from '../../broker/port/broker.js';
import type { ServerFacts, SessionRecord } from '../../broker/port/checkup-port.js';
import type { WorkerRecord } from '../../broker/port/worker-port.js';
import type { Clock } from '../../values/clock.js';
import type { KnownQueues } from '../queues/known-queues.js';
import { type KeySurvey, surveyKeys } from './key-survey.js';

/** The parts of Redis that checks look at. */
export type DoctorBroker = Pick<
  AppBroker,
  'checkup' | 'workers' | 'queueStates' | 'crons' | 'catalog' | 'places' | 'pauses' | 'deadLetters'
>;

/** Reads for all checks of one examination, each thing once. */
export class Readings {
  readonly server = once((): Promise<ServerFacts> => this.broker.checkup.server());
  readonly now = once((): Promise<number> => this.broker.checkup.now());
  readonly keys = once((): Promise<KeySurvey> => surveyKeys(this.broker.checkup, this.withinMs));
  readonly sessions = once((): Promise<readonly SessionRecord[]> => this.broker.checkup.sessions());
  readonly workers = once((): Promise<readonly WorkerRecord[]> => this.broker.workers.workers());
  readonly queueNames = once((): Promise<readonly string[]> => this.known.all());
  readonly queues = once(async (): Promise<readonly QueueState[]> => this.broker.queueStates(await this.queueNames()));

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

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => {
    value ??= read();
    return value;
  };
}
