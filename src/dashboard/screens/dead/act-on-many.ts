import type { DeadBulkOptions } from '../../../inspector/dead-bulk.js';
import type { DeadTask } from '../../../inspector/dead-task.js';
import { invalid } from '../../../values/option-values.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import { idsIn, subjectOfIds } from '../../http/ids.js';
import type { BulkProgress, BulkResult, Call, Subject } from '../../http/route.js';
import { TaskMatch } from '../tasks/task-match.js';
import { filterOfBody, queryOf, wantedOfBody } from './dead-query.js';

type Report = (progress: BulkProgress) => void;
type Action = 'redrive' | 'delete';

/** Before the answer begins: later its status could not say that the body is wrong. */
export async function subjectOfMany(call: Call): Promise<Subject> {
  const { body, inspector } = call;
  if (body.ids !== undefined) return subjectOfIds(call);
  const filter = filterOfBody(body.filter);
  await inspector.dead.assertBulk(filter, { cursor: textOf('cursor', body.cursor) });
  const { queues, task } = filter;
  return { queue: queues?.[0], task };
}

/** On the ids of the body, or on all that match its filter. A stopped one has done what it reported; the rest is as it was. */
export function actOnMany(call: Call, action: Action, report: Report): Promise<BulkResult> {
  return call.body.ids === undefined ? actOnMatching(call, action, report) : actOnIds(call, action, report);
}

async function actOnMatching(call: Call, action: Action, report: Report): Promise<BulkResult> {
  const { inspector, body, by, signal } = call;
  const filter = filterOfBody(body.filter);
  const wanted = wantedOfBody(body.filter);
  const match = await TaskMatch.of(call, wanted);
  const allowed = new Allowed(call, action, match);
  const total =
    typeof body.total === 'number' && Number.isSafeInteger(body.total) && body.total > 0 ? body.total : undefined;
  const options: DeadBulkOptions = {
    by,
    signal,
    // the page has counted; else all records would be read once more
    total: total ?? Number.MAX_SAFE_INTEGER,
    // with a text, the bulk has looked at others, too
    onProgress: ({ done, changed, cursor }) =>
      report({ handled: match.isSearch ? allowed.wanted : done, count: changed, total, cursor }),
    subject: { ...filter, ...withoutGaps(queryOf({}, wanted)) },
    only: (task) => allowed.has(task),
    cursor: textOf('cursor', body.cursor),
  };
  if (action === 'delete') {
    const { deleted, cursor } = await inspector.dead.deleteAll(filter, options);
    return { count: deleted, skipped: allowed.skipped(), cursor };
  }
  const { redriven, refused, cursor } = await inspector.dead.redriveAll(filter, options);
  return { count: redriven, skipped: { ...allowed.skipped(), ...(refused > 0 && { refused }) }, cursor };
}

async function actOnIds(call: Call, action: Action, report: Report): Promise<BulkResult> {
  const { inspector, body, by, signal } = call;
  const ids = idsIn(body);
  const allowed = new Allowed(call, action);
  const counts = await inspector.dead.forEach(action, ids, {
    by,
    signal,
    only: (task) => allowed.has(task),
    onProgress: (handled, count) => report({ handled, count, total: ids.length }),
  });
  const { redriven, deleted, refused, 'not-found': gone } = counts;
  return {
    count: redriven + deleted,
    skipped: {
      ...allowed.skipped(),
      ...(refused > 0 && { refused }),
      ...(gone > 0 && { 'not dead any more': gone }),
    },
  };
}

/** The rights of one person to act on each of many tasks. `can` gets queue, task and id of each. */
class Allowed {
  /** how many were wanted so far */
  wanted = 0;
  private denied = 0;

  constructor(
    private readonly call: Call,
    private readonly action: Action,
    private readonly match?: TaskMatch,
  ) {}

  async has(dead: DeadTask): Promise<boolean> {
    const { id, queue, task } = dead;
    if (this.match?.isSearch && !(await this.match.look(dead, () => dead.args)).isWanted) return false;
    this.wanted += 1;
    if (await this.call.rights.may(this.action, { id, queue, task })) return true;
    this.denied += 1;
    return false;
  }

  skipped(): Record<string, number> {
    return this.denied > 0 ? { 'not allowed': this.denied } : {};
  }
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(name, 'is no text', 'Pass that of the result as it is.');
}
