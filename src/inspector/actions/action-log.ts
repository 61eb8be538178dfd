import { ACTIONS, type ActionName, type ActionPort } from '../../broker/port/action-port.js';
import { nearestDate } from '../../values/dates.js';
import type { Duration } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { assertWhole, invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { assertActor } from '../actor.js';
import { pastMoment } from '../past-moment.js';

export { ACTIONS };

/** As many as are kept. */
const MOST = 1_000;
const USUAL = 50;

/**
 * Which actions to list, and how many.
 *
 * @example
 * const options: ActionListOptions = { action: 'purge', since: '1d', limit: 1_000 };
 */
export interface ActionListOptions {
  /**
   * How many, the latest first; 1 to 1,000.
   * @default 50
   */
  limit?: number;
  /**
   * Only those of this kind, such as `'purge'`.
   * @default all
   */
  action?: ActionName;
  /**
   * Only those of this person or program.
   * @default all
   */
  by?: string;
  /**
   * Only those since then: a date, or so long ago.
   * @default all that are kept
   */
  since?: Date | Duration;
}

/**
 * An action of a person or a program on a queue, a task, a cron, a limit or a worker.
 *
 * @example
 * const text = ({ at, by, action, subject }: ActionRecord): string =>
 *   `${at.toISOString()} ${by ?? 'an app'}: ${action} ${subject}`;
 */
export interface ActionRecord {
  /** of the record */
  readonly id: string;
  /** when it was carried out, by the clock of Redis; the end of a bulk action */
  readonly at: Date;
  /** the person or program that acted; undefined for app code that gave no name */
  readonly by: string | undefined;
  /** what was done */
  readonly action: ActionName;
  /** the queue, the id of the task, the name of the cron, that of the limit with its key, or the id of the worker; the filter of a bulk action */
  readonly subject: string;
  /** tasks, queues, crons or workers that changed */
  readonly count: number;
  /** of a limit what was set and until when, or what a reset has ended: `200/s (burst 10) until 2026-11-29 03:12:07Z`; else undefined */
  readonly details: string | undefined;
}

/**
 * The last 1,000 actions on the namespace by an `Inspector`, the command line, `DeadLetters` or `CronManager`. A bulk action is one
 * record, also if it was stopped. Actions that changed nothing are not recorded, and neither are those for which Redis had no memory.
 *
 * @example
 * for (const { at, by, action, subject, count } of await inspector.actions.list()) console.log(at, by, action, subject, count);
 */
export class ActionLog {
  /** @internal */
  constructor(
    private readonly broker: Pick<ActionPort, 'latest'>,
    private readonly now: () => Promise<number>,
  ) {}

  /**
   * The latest actions that meet all conditions, the latest first.
   *
   * @example
   * const [last] = await inspector.actions.list({ limit: 1 });
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION
   */
  async list(options: ActionListOptions = {}): Promise<readonly ActionRecord[]> {
    assertKnownOptions(options, ['limit', 'action', 'by', 'since'], 'actions.list()');
    const { limit = USUAL, action, by, since } = options;
    assertWhole('limit', limit, MOST);
    if (action !== undefined && !ACTIONS.includes(action))
      throw invalid('action', `is ${shown(action)}`, `Give one of: ${ACTIONS.join(', ')}.`);
    assertActor(by);
    const from = since === undefined ? undefined : await pastMoment(since, 'since', this.now);
    const isFiltered = [action, by, from].some((condition) => condition !== undefined);
    const found = (await this.broker.latest(isFiltered ? MOST : limit)).filter(
      (one) =>
        (action === undefined || one.action === action) &&
        (by === undefined || one.by === by) &&
        (from === undefined || one.at >= from),
    );
    return found.slice(0, limit).map(({ at, details, ...rest }) => ({ ...rest, details, at: nearestDate(at) }));
  }
}
