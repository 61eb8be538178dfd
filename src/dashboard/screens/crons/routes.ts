import { boundsOf } from '../../../inspector/cron-bounds.js';
import type { CronInfo } from '../../../inspector/cron-info.js';
import { upcomingOf } from '../../../inspector/cron-times.js';
import { MISSED, OVERLAP, zoneWords } from '../../../inspector/cron-words.js';
import { failuresOf } from '../../../task/task-counts.js';
import { textIn } from '../../http/input.js';
import { act, type Call, type Route, read, type Subject } from '../../http/route.js';
import { Calendar } from './calendar.js';
import { historyOf } from './history.js';
import { notesOn } from './notes.js';
import { pastHours } from './past-hours.js';
import { CRON_QUESTIONS } from './questions.js';
import { readCronArguments } from './read-arguments.js';
import { readSetCrons } from './read-set.js';
import type { CronCounts, CronLine, CronPage, CronPause } from './wire.js';
import { scheduleWords } from './words.js';
import { localTimeOf } from './zone-time.js';

const NEXT_RUNS = 10;
/** Counts of a day are many: they are read at most so often, in ms. */
const COUNTS_KEPT_MS = 60_000;
/** One cron with its workers costs some commands for each of them: it is read at most so often, in ms. */
const PAGE_KEPT_MS = 4_000;

const calendar = new Calendar();

async function list(call: Call): Promise<readonly CronLine[]> {
  const { inspector, live } = call;
  const [crons, counts] = await Promise.all([
    live.shared.read(['crons'], () => inspector.crons.list({ set: false })),
    live.shared.read(['cron counts'], () => countsOf(call), COUNTS_KEPT_MS),
  ]);
  const pauses = crons.some(({ paused }) => paused) ? await pausesOf(call) : undefined;
  const now = Date.now();
  return crons.map((cron) => ({
    name: cron.name,
    words: scheduleWords(cron),
    zone: zoneWords(cron),
    ...calendar.dayOf(cron, now),
    counts: counts.get(cron.task),
    pause: cron.paused ? pauses?.get(cron.name) : undefined,
  }));
}

async function one(call: Call): Promise<CronPage> {
  const name = textIn(call.query, 'name');
  return call.live.shared.read(
    ['cron', name],
    async () => {
      const { crons } = call.inspector;
      const { cron, declarers } = await crons.withDeclarers(name);
      const [counts, pauses, hours, history] = await Promise.all([
        call.live.shared.read(['cron counts'], () => countsOf(call), COUNTS_KEPT_MS),
        cron.paused ? pausesOf(call) : undefined,
        pastHours(call, cron.task),
        historyOf(call, cron),
      ]);
      const runs = upcomingOf(cron, { after: Date.now(), count: NEXT_RUNS });
      return {
        // what JSON makes of its dates
        cron: cron as unknown as CronPage['cron'],
        words: scheduleWords(cron),
        zone: zoneWords(cron),
        runs: runs.map((run) => ({ at: run.getTime(), local: localTimeOf(run, cron) })),
        declarers,
        notes: notesOn(cron, declarers),
        bounds: boundsOf(cron),
        missed: MISSED[cron.missed],
        overlaps: OVERLAP[cron.overlap],
        counts: counts.get(cron.task),
        pause: pauses?.get(name),
        hours,
        history,
      };
    },
    PAGE_KEPT_MS,
  );
}

/** By the name of the task: those of its other crons, and those sent by hand, are counted too. */
async function countsOf({ inspector }: Call): Promise<ReadonlyMap<string, CronCounts>> {
  const { tasks } = await inspector.metrics.summary({ last: '1d' });
  const counts = new Map<string, CronCounts>();
  for (const { task, done, failed, timedOut, crashed, dead, duration } of tasks) {
    const before = counts.get(task);
    // a cron that moved to another queue has a series in both
    counts.set(task, {
      done: done + (before?.done ?? 0),
      failed: failuresOf({ failed, timedOut, crashed }) + (before?.failed ?? 0),
      dead: dead + (before?.dead ?? 0),
      usualMs: before?.usualMs || duration.p50Ms,
    });
  }
  return counts;
}

/** The last pause of each cron, as far as the record of actions goes back. */
async function pausesOf({ inspector, live }: Call): Promise<ReadonlyMap<string, CronPause>> {
  const actions = await live.shared.read(['cron pauses'], () =>
    inspector.actions.list({ action: 'pause-cron', limit: 1_000 }),
  );
  // the latest first
  return new Map([...actions].reverse().map(({ subject, by, at }) => [subject, { by, at: at.getTime() }]));
}

/** With its queue and its task, so that `can` may decide by them. */
async function subjectOf({ inspector, body }: Call): Promise<Subject & Pick<CronInfo, 'queue' | 'task'>> {
  const { name, queue, task } = await inspector.crons.get(textIn(body, 'cron'));
  return { cron: name, queue, task };
}

function steer(path: string, action: 'pause' | 'run-cron', run: (call: Call, cron: string) => Promise<unknown>): Route {
  return act(path, { action, subject: subjectOf, run: (call, { cron = '' }) => run(call, cron) });
}

export const CRON_ROUTES: readonly Route[] = [
  ...CRON_QUESTIONS,
  read('crons', list),
  read('crons/set', readSetCrons),
  read('cron', one),
  read('cron/arguments', readCronArguments),
  steer('crons/pause', 'pause', ({ inspector, by }, cron) => inspector.crons.pause(cron, { by })),
  steer('crons/resume', 'pause', ({ inspector, by }, cron) => inspector.crons.resume(cron, { by })),
  steer('crons/run', 'run-cron', ({ inspector, by }, cron) => inspector.crons.runNow(cron, { by })),
  act('crons/remove', {
    action: 'delete',
    subject: subjectOf,
    run: async ({ inspector, by }, { cron = '' }) => ({ cron, removed: await inspector.crons.remove(cron, { by }) }),
    hasDone: (answer) => (answer as { readonly removed: boolean }).removed,
  }),
];
