import type { LimitChanged, LimitReport } from '../../../inspector/limits/limit-report.js';
import { allowanceText, changedText, declaredText } from '../../../inspector/limits/limit-text.js';
import { instant } from '../../../terminal/figures.js';
import { optionalTextIn, textIn } from '../../http/input.js';
import { type ActionQuestion, question } from '../../http/question.js';
import { Refused } from '../../http/refused.js';
import type { Call, Route, Subject } from '../../http/route.js';
import { limitOf } from './read-limits.js';

export const LIMIT_QUESTIONS: readonly Route[] = [
  question('limits/set', async (call) => {
    if (optionalTextIn(call.query, 'limit') === undefined) return ofAnyQueue();
    const { limit, key, of, override } = await asked(call);
    const isOfAll = limit.keyed && key === undefined;
    return {
      title: `Set ${of}`,
      lines: [
        ...(override ? [`Set now${isOfAll ? ' for all keys' : ''}: ${changedText(override)}.`] : []),
        `An empty field is ${standardOf(limit, key)}. “any” is any number; with 0 at once nothing starts.`,
        HOLDS,
      ],
      main: 'Set it',
    };
  }),
  question('limits/reset', async (call) => {
    const { limit, key, of, override, stoppedUntil } = await asked(call);
    const stop = stoppedUntil && `The stop by a task ends, which would last until ${instant(stoppedUntil)}.`;
    if (!override && !stop) return { title: `Nothing is set for ${of}.`, lines: [`It is ${standardOf(limit, key)}.`] };
    return {
      title: `Reset ${of}?`,
      lines: [
        ...(override ? [`It ends: ${changedText(override)}.`] : []),
        ...(stop ? [stop] : []),
        isUndeclared(limit)
          ? 'After that the queue has no limit: tasks that wait for it start.'
          : `It is again ${standardOf(limit, key)}. Tasks that wait start as soon as that lets them.`,
      ],
      main: 'Reset it',
    };
  }),
];

const HOLDS = 'It holds in the whole cluster at once, and outlives deployments. Tasks that run go on.';

/** The form has the queue. */
function ofAnyQueue(): ActionQuestion {
  const lines = [
    'An empty field is as declared, and any number where no worker declares it. With 0 at once nothing starts.',
    HOLDS,
  ];
  return { title: 'Set the limit of a queue', lines, main: 'Set it' };
}

interface Asked {
  readonly limit: LimitReport;
  readonly key: string | undefined;
  /** `the limit stripe for acme` */
  readonly of: string;
  readonly override: LimitChanged | undefined;
  readonly stoppedUntil: Date | undefined;
}

async function asked(call: Call): Promise<Asked> {
  const limit = await limitOf(call, textIn(call.query, 'limit'));
  const key = optionalTextIn(call.query, 'key');
  const of = `the limit ${limit.name}`;
  if (key === undefined) return { ...limit, limit, key, of };
  // the question has what is set for a key: it is for those who may change that
  if (!(await call.rights.may('set-limit', subjectOf(limit, key)))) throw Refused.right('set-limit', call.by);
  const report = await call.inspector.limits.key(limit.name, key);
  return { ...report, limit, key, of: `${of} for ${key}` };
}

/** As `can` gets it: those who decide by queue find that of the limit. */
export function subjectOf({ name, queue }: LimitReport, key: string | undefined): Subject {
  return { limit: name, ...(queue !== undefined && { queue }), ...(key !== undefined && { key }) };
}

/** What holds where nothing is set. */
function standardOf(limit: LimitReport, key: string | undefined): string {
  if (key !== undefined) return `as for all keys: ${allowanceText(limit)}`;
  return isUndeclared(limit) ? 'any number: no worker declares it' : `as declared: ${declaredText(limit)}`;
}

/** A queue may have a limit that somebody has set and no worker declares. */
function isUndeclared({ queue, declared }: LimitReport): boolean {
  return queue !== undefined && !declared;
}
