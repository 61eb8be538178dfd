import type { PurgeFilter } from '../../../inspector/tasks/task-purge.js';
import type { Duration } from '../../../values/duration.js';
import { optionalTextIn, textIn } from '../../http/input.js';
import { act, bulk, type Call, type Route, read, type Subject } from '../../http/route.js';
import { purgeQuestion, QUEUE_QUESTIONS } from './questions.js';
import type { PurgePreviewAnswer } from './wire.js';

export const QUEUES_ROUTES: readonly Route[] = [
  ...QUEUE_QUESTIONS,
  act('queues/pause', {
    action: 'pause',
    subject: queueOf,
    run: ({ inspector, body, by }) => {
      // an unset `for` is no limit of time
      const time = optionalTextIn(body, 'for') as Duration | undefined;
      const reason = optionalTextIn(body, 'reason');
      return inspector.queues.pause(textIn(body, 'queue'), {
        by,
        ...(time === undefined ? {} : { for: time }),
        ...(reason === undefined ? {} : { reason }),
      });
    },
  }),
  act('queues/resume', {
    action: 'pause',
    subject: queueOf,
    run: async ({ inspector, body, by }) => ({ resumed: await inspector.queues.resume(textIn(body, 'queue'), { by }) }),
    hasDone: (answer) => (answer as { readonly resumed: boolean }).resumed,
  }),
  read('queues/purge/preview', async ({ inspector, query }): Promise<PurgePreviewAnswer> => {
    const queue = textIn(query, 'queue');
    const { sample, ...counts } = await inspector.tasks.previewPurge(queue, filterIn(query));
    const tasks = sample.map(({ id, task, enqueuedAt }) => ({
      id,
      task: task ?? null,
      at: enqueuedAt?.getTime() ?? null,
    }));
    return { ...counts, sample: tasks, question: purgeQuestion(queue, counts) };
  }),
  bulk('queues/purge', {
    action: 'purge',
    subject: async (call) => {
      const { inspector, body } = call;
      // before the answer begins: later its status could not say that they are wrong
      await inspector.tasks.assertPurge(textIn(body, 'queue'), filterIn(body), optionalTextIn(body, 'cursor'));
      return purgedOf(call);
    },
    run: async ({ inspector, body, by, signal }, report) => {
      const from = optionalTextIn(body, 'cursor');
      const { purged, cursor } = await inspector.tasks.purge(textIn(body, 'queue'), filterIn(body), {
        by,
        signal,
        onProgress: ({ looked, purged: count, ...rest }) => report({ handled: looked, count, ...rest }),
        ...(from === undefined ? {} : { cursor: from }),
      });
      return { count: purged, cursor };
    },
  }),
];

/** All of it: a task in the body narrows nothing, so `can` must not decide by it. */
function queueOf({ body }: Call): Subject {
  return { queue: textIn(body, 'queue') };
}

function purgedOf({ body }: Call): Subject {
  const task = optionalTextIn(body, 'task');
  return { queue: textIn(body, 'queue'), ...(task === undefined ? {} : { task }) };
}

function filterIn(input: Parameters<typeof optionalTextIn>[0]): PurgeFilter {
  const [task, olderThan] = [optionalTextIn(input, 'task'), optionalTextIn(input, 'olderThan')];
  return {
    ...(task === undefined ? {} : { task }),
    ...(olderThan === undefined ? {} : { olderThan: olderThan as Duration }),
  };
}
