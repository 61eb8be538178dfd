import type { CronHistoryEntry } from '../../../inspector/cron-history.js';
import type { CronInfo } from '../../../inspector/cron-info.js';
import { outcomeText, reasonText } from '../../../inspector/cron-words.js';
import type { Call } from '../../http/route.js';
import type { HistoryLine } from './wire.js';
import { localTimeOf } from './zone-time.js';

/** All that is kept: the day on a line shows each of them. */
const MOST = 100;

/** What became of the last times of a cron, the newest first. */
export async function historyOf({ inspector }: Call, cron: CronInfo): Promise<HistoryLine[]> {
  const entries = await inspector.crons.history(cron.name, { count: MOST });
  return entries.map((entry) => lineOf(entry, cron));
}

function lineOf(entry: CronHistoryEntry, cron: CronInfo): HistoryLine {
  const line = {
    at: entry.due.getTime(),
    local: localTimeOf(entry.due, cron),
    kind: entry.kind,
    word: outcomeText(entry),
    why: reasonText(entry),
  };
  if (entry.kind === 'skipped') return { ...line, look: 'cancelled' };
  if (entry.kind === 'missed') return { ...line, look: 'held', last: entry.last.getTime() };
  const { id, outcome, durationMs, lateMs, attempt } = entry;
  return { ...line, look: outcome === 'dropped' ? 'cancelled' : outcome, id, tookMs: durationMs, lateMs, attempt };
}
