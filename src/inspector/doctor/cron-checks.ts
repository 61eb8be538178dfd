import type { CronRecord } from '../../broker/port/broker.js';
import type { SessionRecord } from '../../broker/port/checkup-port.js';
import { type CronSchedule, hangsOnZone } from '../../cron/cron-definition.js';
import { cronDifference } from '../../cron/cron-difference.js';
import { NestworkError } from '../../errors.js';
import { counted } from '../../values/counted.js';
import { faultIn, readSchedule } from '../cron-times.js';
import type { DoctorFinding } from './doctor-report.js';
import { finding, judged, type Outcome, ok } from './outcome.js';
import { compared, groups, listed, type WorkersReading } from './worker-checks.js';

/** So many crons are named; of more there is the number. */
const MOST_NAMED = 5;
const JUST_SET_MS = 60_000;
const SAME_NODE =
  'Give all the same version of Node, and to a Node with data of its own (`NODE_ICU_DATA`, or ICU of the system) the same data.';

/** The crons of a namespace, as workers declare them and as Redis has them. */
export interface CronsReading extends Pick<WorkersReading, 'now' | 'sessions'> {
  readonly crons: readonly Pick<CronRecord, 'name' | 'schedule'>[];
  /** the first of those that were set at run time */
  readonly atRunTime: readonly Pick<CronRecord, 'name' | 'schedule' | 'queue' | 'task' | 'declared' | 'setting'>[];
  /** how many were set */
  readonly setAtRunTime: number;
  /** version of the time zone data of this process; undefined where it has none */
  readonly zoneData: string | undefined;
}

export function judgeCrons({ now, sessions, crons, atRunTime, setAtRunTime, zoneData }: CronsReading): Outcome {
  const live = sessions.filter(({ until }) => until >= now);
  const { names, differences } = compared(live, ({ crons }) => crons, cronDifference);
  const differing = differences.map(({ name, what }) =>
    finding('cron-differs', `cron ${name}`, {
      what: `${what} Each fires it as it declares it.`,
      remedy: 'Finish the deploy. If it is not the cause, give both the same `timeZone` or `TZ`, or each its own name.',
      command: 'npx nestwork crons ls',
    }),
  );
  const schedules = new Map<string, CronSchedule>();
  for (const { name, schedule } of [...crons, ...atRunTime, ...live.flatMap((session) => session.crons)])
    schedules.set(name, schedule);
  const zoned = (session: SessionRecord): string[] =>
    [...session.crons, ...atRunTime.filter(({ queue }) => session.queues.includes(queue))].flatMap(
      ({ name, schedule }) => (hangsOnZone(schedule) ? [name] : []),
    );
  const findings = [
    ...differing,
    ...differentZoneData(live, zoned, zoneData),
    ...unreadable(schedules),
    ...orphaned(atRunTime, now),
  ];
  if (names + setAtRunTime + findings.length === 0) return ok('No worker declares a cron.');
  const further = setAtRunTime > 0 ? ` ${counted(setAtRunTime, 'cron was', 'crons were')} set at run time.` : '';
  return judged(`${counted(names, 'cron')}.${further}`, findings);
}

/** Whether workers know the rules of time zones of different years, and whether this process knows those of its workers. */
function differentZoneData(
  live: readonly SessionRecord[],
  zoned: (session: SessionRecord) => readonly string[],
  own: string | undefined,
): DoctorFinding[] {
  const concerned = live
    .map((session) => ({ ...session, zoned: zoned(session) }))
    .filter((one) => one.zoned.length > 0);
  const versions = groups(concerned, ({ zoneData }) => zoneData);
  const theirs = namedFirst([...new Set(concerned.flatMap((one) => one.zoned))].sort());
  if (versions.length > 1) {
    const what = `The workers have different time zone data: ${listed(versions)}. Where the rules of a zone have changed between them, each fires by its own: too often, or by the wrong clock. It concerns ${theirs}.`;
    return [
      finding('zone-data-differs', 'the workers', { what, remedy: SAME_NODE, command: 'npx nestwork workers ls' }),
    ];
  }
  const [[version] = []] = versions;
  if (own === undefined || version === undefined || own === version) return [];
  const what = `Its Node has the time zone data ${own}, the workers have ${version}. Where the rules of a zone have changed between them, it shows wrong next times of ${theirs}. The workers fire by their own data.`;
  return [finding('zone-data-differs', 'this machine', { what, remedy: 'Use the version of Node of the workers.' })];
}

/** Crons of which status, dashboard and doctor cannot show when they are due. */
function unreadable(schedules: ReadonlyMap<string, CronSchedule>): DoctorFinding[] {
  return [...schedules].flatMap(([name, schedule]) => {
    const read = readSchedule(name, schedule);
    if (!(read instanceof NestworkError)) return [];
    return finding('unreadable-cron', `cron ${name}`, {
      what: `This machine cannot compute its times, and shows none. ${faultIn(read)} Workers that can read it fire it all the same.`,
      remedy: 'Look with the versions of Node and nestwork of those workers.',
      command: 'npx nestwork workers ls',
    });
  });
}

/** Those that were set at run time, and that no worker fires: one finding for each task. */
function orphaned(atRunTime: CronsReading['atRunTime'], now: number): DoctorFinding[] {
  // a worker notes that it fires them when it has first looked
  const orphans = atRunTime.filter(({ declared, setting }) => !declared && now - (setting?.at ?? 0) > JUST_SET_MS);
  const lines = new Map<string, string[]>();
  for (const { name, task = name, queue } of orphans) {
    const line = `task ${task} in queue ${queue}`;
    lines.set(line, [...(lines.get(line) ?? []), name]);
  }
  return [...lines].map(([line, names]) =>
    finding('orphaned-crons', line, {
      what: `No live worker serves this queue and has this task: ${namedFirst(names)} ${names.length === 1 ? 'is' : 'are'} not fired.`,
      remedy:
        'Start such a worker. If the task was renamed, set the crons to the new one: crons.set(name, { task, ... }); else remove them: crons.remove(name).',
      command: 'npx nestwork crons ls',
    }),
  );
}

function namedFirst(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  const first = names.slice(0, MOST_NAMED).join(', ');
  return more > 0 ? `${first} and ${counted(more, 'other cron')}` : first;
}
