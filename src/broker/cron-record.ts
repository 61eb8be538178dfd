import { countsFromEnd, isCronDeclaration, releaseRunAt } from '../cron/cron-definition.js';
import type { CronRecord, CronRun } from './port/broker.js';
import type { ForeignValues } from './redis/foreign-values.js';

/** What a hash of crons holds of each, under `<cron> <field>`. */
export type CronFields = Partial<
  Record<
    | 'definition'
    | 'schedule'
    | 'until'
    | 'fired'
    | 'paused'
    | 'disabled'
    | 'skipped'
    | 'missed'
    | 'fires'
    | 'releases'
    | 'begins'
    | 'immediate'
    | 'ended'
    | 'run'
    | 'orphan'
    | 'version'
    | 'set',
    string
  >
>;

/**
 * The record of a cron as far as its own fields say it. Undefined for one of a newer version, or that others have written.
 *
 * @param place where the hash has a field, for a warning
 */
export function recordOf(
  name: string,
  fields: CronFields,
  foreign: ForeignValues,
  place: (field: keyof CronFields) => string,
): Omit<CronRecord, 'declared'> | undefined {
  const definition = foreign.json(place('definition'), fields.definition ?? '', isCronDeclaration);
  if (!definition) return undefined;
  return {
    ...definition,
    name,
    paused: fields.paused !== undefined,
    firedAt: foreign.whole(place('fired'), fields.fired),
    skipped: foreign.whole(place('skipped'), fields.skipped) ?? 0,
    missedTimes: foreign.whole(place('missed'), fields.missed) ?? 0,
    ...(definition.atRelease && {
      immediate: releaseRunAt(definition, foreign.whole(place('immediate'), fields.immediate)),
    }),
    ...(definition.limit !== undefined && { fires: foreign.whole(place('fires'), fields.fires) ?? 0 }),
    ...(countsFromEnd(definition.schedule) && endOf(fields, foreign, place)),
    lastRun: runIn(fields.run, foreign, place('run')),
  };
}

/** Nothing while a run is under way. */
function endOf(
  { until, ended }: CronFields,
  foreign: ForeignValues,
  place: (field: keyof CronFields) => string,
): Pick<CronRecord, 'endedAt'> {
  const settledUntil = foreign.whole(place('until'), until) ?? 0;
  const endedAt = foreign.whole(place('ended'), ended);
  return endedAt === undefined || endedAt < settledUntil ? {} : { endedAt };
}

export function runIn(json: string | undefined, foreign: ForeignValues, place: string): CronRun | undefined {
  return foreign.json(place, json, isCronRun);
}

function isCronRun(value: unknown): value is CronRun {
  if (typeof value !== 'object' || value === null) return false;
  const { id, due = 0, startedAt, durationMs, waitedMs = 0 } = value as Partial<CronRun>;
  return typeof id === 'string' && [due, startedAt, durationMs, waitedMs].every(Number.isSafeInteger);
}
