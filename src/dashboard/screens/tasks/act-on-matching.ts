import type { MatchingFilter, MatchingOptions, MatchingResult } from '../../../inspector/tasks/matching-tasks.js';
import type { TaskMatcher } from '../../../inspector/tasks/task-list.js';
import type { Duration } from '../../../values/duration.js';
import { invalid } from '../../../values/option-values.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import { subjectOfIds } from '../../http/ids.js';
import { optionalTextIn } from '../../http/input.js';
import { askedOf, questionOn, verbIn } from '../../http/matching-question.js';
import type { BulkProgress, BulkResult, Call, Subject } from '../../http/route.js';
import { textsOf } from '../../http/texts.js';
import { TaskMatch, type Wanted } from './task-match.js';
import { livingRow } from './task-rows.js';
import type { MatchingPreview, MatchingQuery } from './wire.js';

type Report = (progress: BulkProgress) => void;

const NAMES = ['state', 'queue', 'task', 'id', 'q', 'text'] as const;
/** How long a person waits for a question, in ms. */
const WITHIN = 2_000;

/** Of an action on the ids of the body, or on all that match its filter: checked before the answer begins. */
export async function subjectOfMany(call: Call): Promise<Subject> {
  const { body, inspector } = call;
  if (body.ids !== undefined) return subjectOfIds(call);
  const filter = filterOf(textsOf(body.filter, NAMES));
  await inspector.tasks.matching.check(filter, optionalTextIn(body, 'cursor'));
  return { queue: filter.queue, task: filter.task };
}

/** What an action on all that match would be about: the question shows it before it is answered. */
export async function readPreview(call: Call): Promise<MatchingPreview> {
  const { inspector, query } = call;
  const verb = verbIn(query, ['cancel', 'run', 'move']);
  // left out, it would mean all calls of the task
  if (query.get('key'))
    throw invalid('key', 'is no part of a filter', 'One task at most has it: act on that by its id.');
  const texts = Object.fromEntries(NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));
  const match = await TaskMatch.of(call, wantedOf(texts));
  const { sample, ...counts } = await inspector.tasks.matching.preview(
    verb === 'cancel' ? 'cancel' : 'reschedule',
    filterOf(texts),
    { matches: matcherOf(match), within: WITHIN },
  );
  const question = questionOn(verb, { ...counts, ...(await askedOf(verb, call, sample)) });
  return { ...counts, sample: sample.map((task) => livingRow(task)), filter: texts, question };
}

export async function cancelMatching(call: Call, report: Report): Promise<BulkResult> {
  const { filter, options } = await plan(call, 'cancel', report);
  return resultOf(await call.inspector.tasks.matching.cancel(filter, options));
}

/** @param when undefined to run them now */
export async function rescheduleMatching(
  call: Call,
  when: Date | Duration | undefined,
  report: Report,
): Promise<BulkResult> {
  const { filter, options } = await plan(call, 'reschedule', report);
  return resultOf(await call.inspector.tasks.matching.reschedule(filter, when, options));
}

async function plan(
  call: Call,
  right: 'cancel' | 'reschedule',
  report: Report,
): Promise<{ readonly filter: MatchingFilter; readonly options: MatchingOptions }> {
  const { body, by, rights, signal } = call;
  const texts = textsOf(body.filter, NAMES);
  const match = await TaskMatch.of(call, wantedOf(texts));
  const options: MatchingOptions = {
    by,
    signal,
    subject: texts,
    cursor: optionalTextIn(body, 'cursor'),
    matches: matcherOf(match),
    may: ({ id, queue, task }) => rights.may(right, { id, queue, task }),
    onProgress: ({ looked, changed, ...rest }) => report({ handled: looked, count: changed, ...rest }),
  };
  return { filter: filterOf(texts), options };
}

function resultOf({ changed, skipped }: MatchingResult): BulkResult {
  return { count: changed, skipped };
}

/** Undefined where all match: then nothing has to be read for it. */
function matcherOf(match: TaskMatch): TaskMatcher | undefined {
  return match.isSearch ? async (task, args) => (await match.look(task, args)).isWanted : undefined;
}

function filterOf({ state, queue, task, id }: MatchingQuery): MatchingFilter {
  return withoutGaps({ state: state as MatchingFilter['state'], queue, task, id });
}

function wantedOf({ q, text }: MatchingQuery): Wanted {
  return withoutGaps({ any: q, text });
}
