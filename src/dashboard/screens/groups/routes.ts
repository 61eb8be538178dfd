import type { GroupListOptions } from '../../../inspector/groups/group-list.js';
import type { FlowNode, GroupReport } from '../../../inspector/groups/group-report.js';
import { SEALED_WORD } from '../../../payload/payload-codec.js';
import { counted } from '../../../values/counted.js';
import { withoutGaps } from '../../../values/without-gaps.js';
import { optionalTextIn, optionalWholeIn, textIn } from '../../http/input.js';
import { type ActionQuestion, question } from '../../http/question.js';
import { Refused } from '../../http/refused.js';
import { act, type Call, type Route, read, type Subject } from '../../http/route.js';
import { seesSealed } from '../../http/sealed.js';
import { FlowShape } from './flow-shape.js';
import type { GroupsPage, GroupView, NodesPage } from './wire.js';

const LINES = 50;
const STEPS = 100;
const NODES = 50;
/** Nodes that are read at a time. */
const PART = 1_000;
/** No flow has as many nodes. */
const BEYOND = 10_000_000;
/** A flow that goes on changes all the time, in ms. */
const SHAPE_KEPT_MS = 2_000;

export const GROUP_ROUTES: readonly Route[] = [
  read('groups', async (call): Promise<GroupsPage> => {
    const { inspector, live, query } = call;
    const [kind, state, cursor] = ['kind', 'state', 'cursor'].map((name) => optionalTextIn(query, name));
    // the inspector refuses what there is not
    const options = withoutGaps({ kind, state, cursor, limit: LINES }) as GroupListOptions;
    const page = await live.shared.read(['groups', options], () => inspector.groups.list(options));
    // dates become text on the way
    return {
      ...page,
      groups: await Promise.all(page.groups.map((group) => seen(call, group))),
    } as unknown as GroupsPage;
  }),
  read('group', async (call): Promise<GroupView> => {
    const group = await groupOf(call, call.query.get('id'));
    const from = fromIn(call);
    const steps = group.kind === 'flow' ? (await shapeOf(call, group)).stepsFrom(from, STEPS) : undefined;
    const view = {
      group: await seen(call, group),
      off: offOf(group),
      redrivable: group.culprit?.how === 'dead' && !group.ended,
      steps,
    };
    return view as unknown as GroupView;
  }),
  read('group/nodes', async (call): Promise<NodesPage> => {
    const { query } = call;
    const group = await groupOf(call, query.get('id'));
    const shape = await shapeOf(call, group);
    const step = textIn(query, 'step');
    const page = shape.nodesOf(step, optionalTextIn(query, 'state'), fromIn(call), NODES);
    if (page) return page;
    throw new Refused(404, 'UNKNOWN_STEP', `The flow has no step ${step}.`);
  }),
  question('group/cancel', async (call): Promise<ActionQuestion> => {
    const group = await groupOf(call, call.query.get('group'));
    const { kind, name, id, waiting } = group;
    const off = offOf(group);
    if (off !== undefined) return { title: 'There is nothing to cancel.', lines: [off] };
    const more = kind === 'batch' ? ['Its callback `onFailed` is sent, if it has one that was not.'] : [];
    return {
      title: `Cancel ${kind} ${name || id}?`,
      lines: [
        `${counted(waiting, 'task')} of it ${waiting === 1 ? 'has' : 'have'} not ended: those that wait never start, and the signals of those that run are aborted.`,
        ...more,
        'Nothing brings it back.',
      ],
      main: `Cancel the ${kind}`,
      close: 'Let it run',
      grave: true,
    };
  }),
  act('group/cancel', {
    action: 'cancel',
    subject: subjectOf,
    run: async ({ inspector, by }, { group = '' }) => {
      if (await inspector.groups.cancel(group, { by })) return { group };
      throw new Refused(409, 'TOO_LATE', `${group} has ended, or was cancelled before: there is nothing to cancel.`);
    },
  }),
];

/** Without the error of a culprit whose data is sealed, for those who may not see that. */
async function seen(call: Call, group: GroupReport): Promise<GroupReport> {
  const { culprit } = group;
  if (!culprit?.sealed || (await seesSealed(call, { id: culprit.id, task: culprit.task }))) return group;
  return { ...group, culprit: { ...culprit, error: SEALED_WORD } };
}

/** The batch or flow of an address or a body, a moment old at most. @throws Refused NestworkError */
async function groupOf({ inspector, live }: Call, id: unknown): Promise<GroupReport> {
  const text = typeof id === 'string' ? id : '';
  const group = await live.shared.read(['group', text], () => inspector.groups.get(text));
  if (group) return group;
  throw new Refused(404, 'UNKNOWN_GROUP', `Redis has no batch or flow ${text}.`, [
    'It ended more than a day ago, or 10,000 others have ended since, or it was never in this namespace.',
  ]);
}

/** Of a flow the first task in it that the person may not cancel, if there is one. */
async function subjectOf(call: Call): Promise<Subject> {
  const group = await groupOf(call, call.body.group);
  const isByTask = group.kind === 'flow' && call.rights.isByTask;
  const { tasks } = isByTask ? await shapeOf(call, group) : { tasks: [] };
  for (const { queue, task } of tasks) {
    const subject = { group: group.id, queue, task };
    if (!(await call.rights.may('cancel', subject))) return subject;
  }
  return { group: group.id };
}

function shapeOf({ inspector, live }: Call, { id, kind }: GroupReport): Promise<FlowShape> {
  const shape = async (): Promise<FlowShape> => {
    const all: FlowNode[] = [];
    let cursor: string | undefined;
    do {
      const page = await inspector.groups.nodes(id, withoutGaps({ limit: PART, cursor }));
      all.push(...page.nodes);
      ({ cursor } = page);
    } while (cursor !== undefined);
    return new FlowShape(all);
  };
  if (kind === 'flow') return live.shared.read(['flow', id], shape, SHAPE_KEPT_MS, ({ bytes }) => bytes);
  throw new Refused(404, 'NO_FLOW', `${id} is a batch, and of its tasks no list is kept.`);
}

function offOf({ state, ended, kind }: GroupReport): string | undefined {
  if (!ended && (state === 'open' || state === 'failed')) return undefined;
  return `The ${kind} is ${state === 'open' ? 'over' : state}: there is nothing to cancel.`;
}

function fromIn({ query }: Call): number {
  return optionalWholeIn(query, 'from', { least: 0, most: BEYOND }) ?? 0;
}
