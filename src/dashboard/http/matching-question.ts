import { count, counted } from '../../values/counted.js';
import type { DashboardAction } from '../rights.js';
import { optionalTextIn } from './input.js';
import { type ActionQuestion, typedFor } from './question.js';
import { Refused } from './refused.js';
import type { Call, Subject } from './route.js';

/** What was counted for a question. */
export interface MatchingCounts {
  readonly matching: number;
  readonly looked: number;
  readonly left: number;
  /** of how many of them the person's right was asked */
  readonly asked: number;
  /** those of them that the person may not act on */
  readonly denied: number;
}

interface Words {
  readonly verb: string;
  readonly right: DashboardAction;
  /** `dead task` where only those are looked at */
  readonly noun?: string;
  readonly lines: readonly string[];
  /** it cannot be taken back */
  readonly grave?: boolean;
}

const COME = 'Tasks that come meanwhile may stay as they are.';
const DIE = 'Tasks that die meanwhile stay dead.';

/** Each action on all that match, by the name that the page gives it. */
const WORDS = {
  redrive: {
    verb: 'Redrive',
    right: 'redrive',
    noun: 'dead task',
    lines: ['They go to the tail of their queues, the oldest first. Repair the cause before that.', DIE],
  },
  delete: {
    verb: 'Delete',
    right: 'delete',
    noun: 'dead task',
    lines: ['They are gone for ever, with their arguments and errors.', DIE],
    grave: true,
  },
  cancel: {
    verb: 'Cancel',
    right: 'cancel',
    lines: ['They never run again: nothing brings them back. Active ones are aborted.', COME],
    grave: true,
  },
  run: {
    verb: 'Run',
    right: 'reschedule',
    noun: 'scheduled task',
    lines: ['They go to the tail of their queues, and run as soon as a child is free.', COME],
  },
  move: {
    verb: 'Move',
    right: 'reschedule',
    noun: 'scheduled task',
    lines: ['All get the same time. `expires` counts from it.', COME],
  },
} as const satisfies Record<string, Words>;

export type MatchingVerb = keyof typeof WORDS;

/** The action of an address. @throws Refused INVALID_INPUT */
export function verbIn<T extends MatchingVerb>(query: URLSearchParams, verbs: readonly T[]): T {
  const action = optionalTextIn(query, 'action') ?? verbs[0];
  const found = verbs.find((verb) => verb === action);
  if (found) return found;
  throw new Refused(400, 'INVALID_INPUT', `"action" is none of ${verbs.join(', ')}.`);
}

/**
 * What the question before an action on all that match needs of rights.
 *
 * @param sample some of those that match
 */
export async function askedOf(
  verb: MatchingVerb,
  { rights }: Call,
  sample: readonly Pick<Subject, 'id' | 'queue' | 'task'>[],
): Promise<Pick<MatchingCounts, 'asked' | 'denied'>> {
  const { right } = WORDS[verb];
  const may = await Promise.all(sample.map(({ id, queue, task }) => rights.may(right, { id, queue, task })));
  // rights that are the same for all tasks pass over none
  return { asked: rights.isByTask ? sample.length : 0, denied: may.filter((one) => !one).length };
}

/** About all that match a filter. More may match than were counted: then the number that must be typed is that of those. */
export function questionOn(action: MatchingVerb, counts: MatchingCounts): ActionQuestion {
  const { matching, looked, left, asked, denied } = counts;
  const { verb, right, noun = 'task', lines, grave }: Words = WORDS[action];
  const isWhole = left === 0;
  const seen = isWhole ? `all ${count(looked)}` : `${count(looked)} of ${count(looked + left)}`;
  if (matching === 0) {
    const narrow = isWhole ? [] : ['Narrow the filter by queue or time, so that fewer are looked at.'];
    return { title: `No ${noun} matches${isWhole ? '' : ' so far'}.`, lines: [`Looked at ${seen}.`, ...narrow] };
  }
  const isExact = isWhole && asked === matching;
  const tasks = isExact ? matching - denied : matching;
  if (tasks === 0) {
    const lines = [`The right "${right}" is missing for ${matching === 1 ? 'it' : 'each of them'}.`];
    return {
      title: `You may not ${action} the ${counted(matching, 'task')} that ${matching === 1 ? 'matches' : 'match'}.`,
      lines,
    };
  }
  return {
    title: `${verb} ${isWhole ? '' : 'at least '}${counted(tasks, 'task')}?`,
    lines: [
      ...(isWhole ? [] : [`Looked at ${seen} so far: it acts on all that match.`]),
      ...passedOver(counts, isExact),
      ...lines,
    ],
    main: `${verb} ${count(tasks)}${isWhole ? '' : ' or more'}`,
    grave: grave === true,
    typed: grave ? typedFor(tasks, isWhole) : undefined,
  };
}

/** The right is asked of a sample: to ask it of all could take long. */
function passedOver({ asked, denied }: MatchingCounts, isExact: boolean): string[] {
  if (isExact) return denied > 0 ? [`Passed over: ${counted(denied, 'task')} that you may not act on.`] : [];
  if (asked === 0) return [];
  return [`Some may be passed over: of ${count(asked)} that were checked, you may act on ${count(asked - denied)}.`];
}
