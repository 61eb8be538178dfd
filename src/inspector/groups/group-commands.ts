import type { GroupKind } from '../../broker/port/group-port.js';
import { NestworkError } from '../../errors.js';
import { groupUnknown } from '../../groups/group-errors.js';
import { type Command, type CommandGroup, command } from '../../terminal/command.js';
import { flag, oneOf, text, usageError, whole } from '../../terminal/usage.js';
import { count, counted } from '../../values/counted.js';
import type { InspectorContext } from '../inspector-context.js';
import { failureText } from './flow-text.js';
import type { GroupInspector } from './group-inspector.js';
import { GROUP_STATES } from './group-list.js';
import type { FlowNode, GroupReport } from './group-report.js';
import { groupTitle, isStopped, ROOMS } from './group-text.js';
import { describedGroup, describedLevels, progressOf, readLevels } from './show-group.js';

const COLUMNS = [
  { title: 'ID', of: ({ id }: GroupReport) => id },
  { title: 'NAME', of: ({ name }: GroupReport) => name, shrinks: 10 },
  { title: 'STATE', of: ({ state }: GroupReport) => state },
  { title: 'PROGRESS', of: progressOf, align: 'right' as const },
  { title: 'FAILED', of: ({ failed }: GroupReport) => failed, align: 'right' as const },
  { title: 'OPENED', of: ({ openedAt }: GroupReport) => openedAt },
  { title: 'ENDED', of: ({ endedAt }: GroupReport) => endedAt, dispensable: 1 },
];

const NODE_COLUMNS = [
  { title: 'NUMBER', of: ({ number }: FlowNode) => String(number), align: 'right' as const },
  { title: 'ID', of: ({ id }: FlowNode) => id },
  { title: 'TASK', of: ({ task }: FlowNode) => task, shrinks: 14 },
  { title: 'STATE', of: ({ state }: FlowNode) => state },
  { title: 'WAITS FOR', of: ({ waitsFor }: FlowNode) => waitsFor, align: 'right' as const, dispensable: 1 },
  { title: 'QUEUE', of: ({ queue }: FlowNode) => queue, dispensable: 2 },
  { title: 'ERROR', of: failureText, shrinks: 18, lines: 2 },
];

/** The commands about batches. */
export const batchCommands: CommandGroup<InspectorContext> = {
  name: 'batches',
  summary: 'look at batches, and cancel them',
  commands: [
    lister('batch'),
    command({
      name: 'show',
      summary: 'show one batch: its culprit, counts and times',
      arguments: { id: { summary: 'id of the batch' } },
      run: async ({ inspector, out, typed }: InspectorContext, { id }) => {
        const batch = await groupOf((await inspector()).groups, 'batch', id);
        out.record(batch, () => `${describedGroup(batch)}${nextStep(batch, typed)}`);
        return undefined;
      },
    }),
    canceller('batch'),
  ],
};

/** The commands about flows. */
export const flowCommands: CommandGroup<InspectorContext> = {
  name: 'flows',
  summary: 'look at flows, and cancel them',
  commands: [
    lister('flow'),
    command({
      name: 'show',
      summary: 'show one flow: its culprit, counts and times, and its tasks as a tree; with --all each of them',
      arguments: { id: { summary: 'id of the flow' } },
      options: {
        all: flag('list each task'),
        limit: whole('<count>', 'with --all: at most so many (100)', 1, 1_000),
        cursor: text('<cursor>', 'with --all: go on where the page before ended'),
      },
      run: async ({ inspector, out, typed }: InspectorContext, { id }, { all = false, ...options }) => {
        const { groups } = await inspector();
        if (!all) assertNoPage(options);
        const flow = await groupOf(groups, 'flow', id);
        if (!all) {
          const levels = await readLevels(groups, id);
          out.record(
            { ...flow, levels },
            () => `${describedGroup(flow)}\n\n${describedLevels(levels)}${nextStep(flow, typed)}`,
          );
          return undefined;
        }
        const page = await groups.nodes(id, options);
        out.table(page.nodes, NODE_COLUMNS, 'The flow has no more tasks.');
        if (page.cursor !== undefined) out.say(`There are more: --cursor ${page.cursor}`);
        return undefined;
      },
    }),
    canceller('flow'),
  ],
};

function lister(kind: GroupKind): Command<InspectorContext> {
  const room = ROOMS[kind];
  return command({
    name: 'ls',
    summary: `list ${room}, those first that were opened last`,
    options: {
      state: oneOf('<state>', 'only these', GROUP_STATES),
      limit: whole('<count>', 'at most so many (50)', 1, 1_000),
      cursor: text('<cursor>', 'go on where the page before ended'),
    },
    run: async ({ inspector, out }: InspectorContext, _, options) => {
      const { groups } = await inspector();
      const page = await groups.list({ kind, ...options });
      out.table(page.groups, COLUMNS, `No ${kind} was found.`);
      if (page.cursor !== undefined) {
        const looked = `Looked at ${count(page.looked)} batches and flows; ${count(page.left)} are left`;
        out.say(`${looked}: --cursor ${page.cursor}`);
      }
      return undefined;
    },
  });
}

function canceller(kind: GroupKind): Command<InspectorContext> {
  return command({
    name: 'cancel',
    summary: `cancel a ${kind}: no task of it starts any more, those that run are stopped`,
    arguments: { id: { summary: `id of the ${kind}` } },
    destructive: true,
    run: async ({ inspector, out, by, confirm }: InspectorContext, { id }, { yes, dryRun }) => {
      const { groups } = await inspector();
      const group = await groupOf(groups, kind, id);
      if (group.ended || isStopped(group)) throw ended(group);
      const what = `Cancel the ${groupTitle(group)}, of which ${counted(group.waiting, 'task')} of ${count(group.total)} ${group.waiting === 1 ? 'has' : 'have'} not ended`;
      if (!(await confirm(what, { yes, dryRun }))) return undefined;
      if (!(await groups.cancel(id, { by }))) throw ended(await groupOf(groups, kind, id));
      const note = 'No task of it starts any more; the signals of those that run are aborted.';
      out.record({ id, cancelled: true }, () => `Cancelled the ${groupTitle(group)}. ${note}`);
      return undefined;
    },
  });
}

/** @throws NestworkError GROUP_UNKNOWN, INVALID_TASK_ID */
async function groupOf(groups: GroupInspector, kind: GroupKind, id: string): Promise<GroupReport> {
  const group = await groups.get(id);
  if (group?.kind === kind) return group;
  if (!group) throw groupUnknown(kind, id);
  throw new NestworkError('GROUP_UNKNOWN', `${id} is a ${group.kind}, and no ${kind}.`, [
    `Look at it: nestwork ${ROOMS[group.kind]} show ${id}.`,
  ]);
}

function ended({ kind, id, state }: GroupReport): NestworkError {
  const how = state === 'failed' ? 'has failed' : state === 'expired' ? 'has expired' : `is ${state}`;
  return new NestworkError('GROUP_ENDED', `The ${kind} ${id} ${how}: there is nothing to cancel.`, [
    `Look at it: nestwork ${ROOMS[kind]} show ${id}.`,
  ]);
}

/** Lines that say how it can go on, where it has failed. */
function nextStep({ kind, state, culprit }: GroupReport, typed: InspectorContext['typed']): string {
  if (state !== 'failed' || culprit?.how !== 'dead') return '';
  const [look, redrive] = ['show', 'redrive'].map((verb) => typed(['dead', verb, culprit.id]));
  return `\n\nThe ${kind} waits for its culprit. Look at that, and redrive it:\n  ${look}\n  ${redrive}`;
}

/** @throws NestworkError INVALID_USAGE */
function assertNoPage(options: object): void {
  const [given] = Object.keys(options);
  if (given !== undefined) throw usageError(`--${given} is given without --all.`, 'Add --all, or leave it out.');
}
