import type { ClosedLimit } from '../../broker/port/limit-rules-port.js';
import { limitDifference } from '../../policy/limit-difference.js';
import { instant } from '../../terminal/figures.js';
import { counted } from '../../values/counted.js';
import { nearestDate, nearestDateIfAny } from '../../values/dates.js';
import { groupedBy } from '../../values/grouped-by.js';
import { quoted } from '../../values/shell-word.js';
import { endText, resetCommand } from '../limits/limit-text.js';
import type { DoctorFinding } from './doctor-report.js';
import { finding, judged, type Outcome, ok } from './outcome.js';
import { compared, type WorkersReading } from './worker-checks.js';

const DAY_MS = 86_400_000;
/** People may have forgotten to reset a limit that they have set so long ago. */
const FORGOTTEN_MS = DAY_MS;

/** What workers declare, and what people have set to 0. */
export interface LimitsReading extends Pick<WorkersReading, 'now' | 'sessions'> {
  readonly closed: readonly ClosedLimit[];
}

export function judgeLimits({ now, sessions, closed }: LimitsReading): Outcome {
  const live = sessions.filter(({ until }) => until >= now);
  const { names, differences } = compared(live, ({ limits }) => limits, limitDifference);
  const differing = differences.map(({ name, what }) =>
    finding('limit-differs', `limit ${name}`, {
      what: `${what} For both holds what the worker declares that started last.`,
      remedy: 'Finish the deploy. If it is not the cause, give both the same numbers, or each its own name.',
      command: 'npx nestwork limits ls',
    }),
  );
  const findings = [...differing, ...closedLongAgo(closed, now)];
  const declared = names === 0 ? 'No worker declares a limit.' : `${counted(names, 'limit')}.`;
  if (closed.length === 0) return names === 0 ? ok(declared) : judged(declared, findings);
  return judged(`${declared} ${counted(closed.length, 'limit or key is', 'limits and keys are')} set to 0.`, findings);
}

/** One for each limit: many of its keys may be closed. */
function closedLongAgo(closed: readonly ClosedLimit[], now: number): DoctorFinding[] {
  const long = closed.filter(({ override: { since } }) => now - since > FORGOTTEN_MS);
  return [...groupedBy(long, ({ name }) => name).values()].map(([first, ...more]) => {
    const what = `${setText(first, now)} Nothing starts under it.`;
    const remedy = 'Reset it, if the reason is gone.';
    if (more.length === 0) {
      const command = ['npx nestwork', ...resetCommand(first).map(quoted)].join(' ');
      return finding('limit-closed', placeOf(first), { what, remedy, command });
    }
    const rest = `So it is with ${counted(more.length, 'other key')} of this limit.`;
    const command = `npx nestwork limits show ${quoted(first.name)} --keys`;
    return finding('limit-closed', placeOf(first), { what: `${what} ${rest}`, remedy, command });
  });
}

function placeOf({ name, key }: ClosedLimit): string {
  return key === undefined ? `limit ${name}` : `limit ${name} for ${key}`;
}

function setText({ override: { since, until, by = 'An app' } }: ClosedLimit, now: number): string {
  const days = counted(Math.floor((now - since) / DAY_MS), 'day');
  return `${by} set it to 0 ${days} ago (${instant(nearestDate(since))}), ${endText(nearestDateIfAny(until))}.`;
}
