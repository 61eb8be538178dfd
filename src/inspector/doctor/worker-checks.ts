import type { SessionRecord } from '../../broker/port/checkup-port.js';
import type { WorkerRecord } from '../../broker/port/worker-port.js';
import { counted } from '../../values/counted.js';
import { groupedBy } from '../../values/grouped-by.js';
import { type Place, placeOf, processOf } from '../workers/worker-place.js';
import type { DoctorFinding } from './doctor-report.js';
import { finding, judged, type Outcome } from './outcome.js';

/** A child boots within this time, in ms; the log of a worker warns after it, too. */
const BOOT_MS = 30_000;
/** Another worker reaps a session within this time after its lease, in ms. */
const REAPED_WITHIN_MS = 60_000;
/** A worker publishes its digest six times in a lease; a part of the lease after which several are missing. */
const STALE = 0.5;

/** The sessions of a namespace at one moment. Times are in ms since 1970, by the clock of Redis. */
export interface WorkersReading {
  readonly now: number;
  readonly sessions: readonly SessionRecord[];
  readonly workers: readonly WorkerRecord[];
}

export function judgeSessions({ now, sessions, workers }: WorkersReading): Outcome {
  const live = sessions.filter(({ until }) => until >= now);
  const findings: DoctorFinding[] = [];
  for (const session of live) {
    if (session.children.length > 0) continue;
    const digest = workers.find((worker) => worker.session === session.session)?.published?.digest;
    // a worker that stops has no children left, and one that has just begun none yet
    if (digest && (digest.state !== 'running' || digest.upMs < BOOT_MS)) continue;
    findings.push(
      finding('no-children', placeOf(session.session, session), {
        what: 'It renews its lease and has no child that has booted, so it runs no task.',
        remedy: 'See its log: the app does not boot in its children, or it has just begun.',
        command: 'npx nestwork workers ls --children',
      }),
    );
  }
  const patience = live.length > 0 ? REAPED_WITHIN_MS : 0;
  for (const session of sessions) {
    if (session.until + patience >= now) continue;
    findings.push(
      finding('lease-over', placeOf(session.session, session), {
        what: `Its lease ended ${Math.round((now - session.until) / 1_000)} s ago, and no worker has given back the tasks of its ${counted(session.children.length, 'child', 'children')}.`,
        remedy: 'Start a worker of this namespace: it gives the tasks back within its lease.',
      }),
    );
  }
  const children = live.reduce((sum, session) => sum + session.children.length, 0);
  return judged(`${counted(live.length, 'worker')} with ${counted(children, 'child', 'children')}.`, findings);
}

export function judgeDigests({ now, sessions, workers }: WorkersReading): Outcome {
  const findings = workers.flatMap((worker) => {
    const { leaseMs = 0 } = sessions.find(({ session }) => session === worker.session) ?? {};
    const remedy = 'See its log. If it is of an older version, restart it with this one.';
    const command = `npx nestwork workers ls`;
    if (!worker.published) {
      const what = 'It has published nothing about itself, so its children and tasks cannot be seen.';
      return [finding('no-digest', placeOf(worker.session, worker), { what, remedy, command })];
    }
    const ageMs = now - worker.published.at;
    if (leaseMs === 0 || ageMs <= leaseMs * STALE) return [];
    const what = `It last published what it does ${Math.round(ageMs / 1_000)} s ago, though it renews its lease every ${Math.round(leaseMs / 6_000)} s.`;
    return [finding('stale-digest', placeOf(worker.session, worker), { what, remedy, command })];
  });
  return judged(`${counted(workers.length, 'worker publishes', 'workers publish')} what they do.`, findings);
}

export function judgeVersions({ now, sessions, workers }: WorkersReading): Outcome {
  const live = sessions.filter(({ until }) => until >= now);
  const versions = groups(workers, ({ published }) => published?.digest.version);
  const tags = groups(live, ({ reads }) => reads);
  const finish = 'Finish the deploy: restart the workers of the older version.';
  const command = 'npx nestwork workers ls';
  const findings: DoctorFinding[] = [];
  if (versions.length > 1) {
    const what = `The workers run different versions of nestwork: ${listed(versions)}.`;
    findings.push(finding('mixed-versions', 'the workers', { what, remedy: finish, command }));
  }
  if (tags.length > 1) {
    const what = `The workers read different tags of messages: ${listed(tags.map(([tag, all]) => [`"${tag}"`, all]))}. Apps cannot send a task with a tag that one of them does not read.`;
    findings.push(finding('mixed-tags', 'the workers', { what, remedy: finish, command }));
  }
  const [[version] = ['no worker']] = versions;
  return judged(versions.length > 1 ? 'Different versions.' : `${version}.`, findings);
}

interface Difference {
  readonly name: string;
  readonly what: string;
}

/** What workers declare by a name: how many names there are, and the first difference of each. */
export function compared<T extends { readonly name: string }>(
  sessions: readonly SessionRecord[],
  of: (session: SessionRecord) => readonly T[],
  difference: (one: T, other: T) => readonly [one: string, other: string] | undefined,
): { readonly names: number; readonly differences: Difference[] } {
  const seen = new Map<string, { readonly by: SessionRecord; readonly declared: T }>();
  const differences = new Map<string, Difference>();
  for (const session of sessions) {
    for (const declared of of(session)) {
      const { name } = declared;
      const first = seen.get(name);
      if (!first) seen.set(name, { by: session, declared });
      const [one, other] = (first && difference(first.declared, declared)) ?? [];
      if (!first || other === undefined || differences.has(name)) continue;
      const what = `The ${placeOf(first.by.session, first.by)} declares it with ${one}, the ${placeOf(session.session, session)} with ${other}.`;
      differences.set(name, { name, what });
    }
  }
  return { names: seen.size, differences: [...differences.values()] };
}

/** Those with a value, by it, in its order. */
export function groups<T>(all: readonly T[], of: (one: T) => string | undefined): [value: string, all: T[]][] {
  return [...groupedBy(all, of)].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The values, each with the processes that have it. */
export function listed(all: readonly (readonly [value: string, workers: readonly Place[]])[]): string {
  return all.map(([value, workers]) => `${value} (${workers.map(processOf).join('; ')})`).join(', ');
}
