import type { CronInfo } from '../../../inspector/cron-info.js';
import { leftOf, scheduleOf, upcomingOf } from '../../../inspector/cron-times.js';

const DAY_MS = 86_400_000;
/** More are not told apart in the width of a table. */
const MOST_TIMES = 24;
/** Times are found again after so long, in ms: until then there is one less with each run. */
const KEPT_MS = 60_000;
const MOST_SCHEDULES = 2_000;

interface Day {
  readonly times: readonly number[];
  readonly dense: boolean;
}

/** The times of crons within the next 24 hours. They are found once a minute for all who look: an expression takes up to some ms. */
export class Calendar {
  private readonly found = new Map<string, { readonly at: number; readonly day: Day }>();

  dayOf(cron: CronInfo, now: number): Day {
    const next = cron.from && cron.nextRun;
    const key = JSON.stringify([scheduleOf(cron), leftOf(cron, MOST_TIMES + 1), next]);
    const known = this.found.get(key);
    const isFresh = known !== undefined && now >= known.at && now - known.at < KEPT_MS;
    const { times, dense } = isFresh ? known.day : this.find(key, cron, now);
    return { times: times.filter((time) => time > now), dense };
  }

  private find(key: string, cron: CronInfo, now: number): Day {
    const runs = upcomingOf(cron, { after: now, count: MOST_TIMES + 1, until: now + DAY_MS });
    const dense = runs.length > MOST_TIMES;
    const day = { times: dense ? [] : runs.map((run) => run.getTime()), dense };
    if (this.found.size >= MOST_SCHEDULES) this.found.clear();
    this.found.set(key, { at: now, day });
    return day;
  }
}
