import type { DeadGroup } from '../../../inspector/dead-groups.js';
import type { DeadTask } from '../../../inspector/dead-task.js';
import { SEALED_WORD } from '../../../payload/payload-codec.js';
import type { Redaction } from '../../arguments/redaction.js';
import { rowsSeen } from '../../arguments/rows-seen.js';
import { briefArguments } from '../../arguments/shown-arguments.js';
import { optionalWholeIn } from '../../http/input.js';
import { askedOf, questionOn, verbIn } from '../../http/matching-question.js';
import type { Call } from '../../http/route.js';
import { seesSealed } from '../../http/sealed.js';
import { detached } from '../../live/shared.js';
import { TaskMatch } from '../tasks/task-match.js';
import { filterOfAddress, queryOf, wantedOfAddress } from './dead-query.js';
import type { DeadGroupsView, DeadGroupView, DeadPreviewView, DeadRow, DeadRowsView } from './wire.js';

/** Groups do not change at once by one death more, and cost a reading of many records: kept for all who look, in ms. */
const GROUPS_MS = 5_000;
/** A search ends so early that people wait for it. */
const WITHIN = '2s';
const MOST_ROWS = 200;
/** Dead tasks that are looked at for groups. */
const MOST_LOOKED = 10_000;
const MOST_OF_ARGUMENTS = 120;

export async function readGroups(call: Call): Promise<DeadGroupsView> {
  const { inspector, live, query } = call;
  const filter = filterOfAddress(query);
  const cursor = query.get('cursor') ?? undefined;
  const look = optionalWholeIn(query, 'look', { least: 1, most: MOST_LOOKED }) ?? MOST_LOOKED;
  const found = await live.shared.read(
    ['dead groups', filter, cursor, look],
    async () => {
      const [found, { dead }] = await Promise.all([
        inspector.dead.groups(filter, { look, within: WITHIN, ...(cursor !== undefined && { cursor }) }),
        live.snapshot(),
      ]);
      return detached({ ...found, groups: found.groups.map(viewOf), total: dead.total });
    },
    GROUPS_MS,
  );
  return { ...found, groups: await Promise.all(found.groups.map((group) => groupSeen(call, group))) };
}

export async function readRows(call: Call): Promise<DeadRowsView> {
  const { inspector, live, query, redaction } = call;
  const filter = filterOfAddress(query);
  const cursor = query.get('cursor') ?? undefined;
  const limit = optionalWholeIn(query, 'limit', { least: 1, most: MOST_ROWS }) ?? 50;
  const found = await live.shared.read(['dead list', filter, cursor, limit], async () => {
    const { tasks, ...looked } = await inspector.dead.list(filter, {
      limit,
      within: WITHIN,
      ...(cursor !== undefined && { cursor }),
    });
    return detached({ ...looked, rows: tasks.map((dead) => rowOf(dead, redaction)) });
  });
  return { ...found, rows: await deadSeen(call, found.rows) };
}

/** What an action on all that match would be about: the question shows it before it is answered. */
export async function readPreview(call: Call): Promise<DeadPreviewView> {
  const { inspector, query } = call;
  const action = verbIn(query, ['redrive', 'delete']);
  const filter = await inspector.dead.fixed(filterOfAddress(query));
  const wanted = wantedOfAddress(query);
  const match = await TaskMatch.of(call, wanted);
  const cursor = query.get('cursor') ?? undefined;
  const { sample, ...counts } = await inspector.dead.preview(filter, {
    within: WITHIN,
    ...(match.isSearch && { only: async (task) => (await match.look(task, () => task.args)).isWanted }),
    ...(cursor && { cursor }),
  });
  const rows = sample.map((dead) => rowOf(dead, call.redaction));
  const question = questionOn(action, { ...counts, ...(await askedOf(action, call, sample)) });
  return { ...counts, sample: await deadSeen(call, rows), filter: queryOf(filter, wanted), question };
}

/** Rows without what this person may not see of sealed tasks. */
async function deadSeen(call: Call, rows: readonly DeadRow[]): Promise<DeadRow[]> {
  const seen = await rowsSeen(call.rights, rows);
  return Promise.all(
    seen.map(async (row) => {
      const { id, queue, task } = row;
      return !row.sealed || (await seesSealed(call, { id, queue, task })) ? row : { ...row, error: SEALED_WORD };
    }),
  );
}

async function groupSeen(call: Call, group: DeadGroupView): Promise<DeadGroupView> {
  const { id, queue, task } = group;
  if (!group.sealed || (await seesSealed(call, { id, queue, task }))) return group;
  return { ...group, error: SEALED_WORD, text: SEALED_WORD, stack: undefined };
}

/** With the line of its arguments, secrets hidden: each person gets it or not, see `rowsSeen`. */
function rowOf(dead: DeadTask, redaction: Redaction): DeadRow {
  const { id, queue, task, code, error, diedAt, attempt, host, args, sealed } = dead;
  const line = args && briefArguments(args, redaction.of({ task: task ?? '', queue }), MOST_OF_ARGUMENTS);
  const redriven = dead.redrivenAt.length;
  return { id, queue, task, code, error, sealed, diedAt: diedAt.toISOString(), attempt, host, redriven, args: line };
}

function viewOf({ sample, ...group }: DeadGroup): DeadGroupView {
  const { id, queue, error: text, stack, sealed } = sample;
  const [first, last] = [group.first.toISOString(), group.last.toISOString()];
  return { ...group, first, last, id, queue, text, stack, sealed };
}
