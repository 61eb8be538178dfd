import type { NestworkError } from '../../../errors.js';
import { allowanceText } from '../../../inspector/limits/limit-text.js';
import { nameOfQueueLimit } from '../../../message/limit-tag.js';
import { failuresOf } from '../../../task/task-counts.js';
import { textIn } from '../../http/input.js';
import { type Call, type Route, read } from '../../http/route.js';
import { type Span, spanIn } from '../../http/span.js';
import { chartOf } from './points.js';
import type { QueueAnswer } from './wire.js';

/** Tasks that are shown. */
const NEXT = 10;
/** By span, in ms: a week is many counts, and changes slowly. */
const KEPT_MS: Readonly<Record<Span, number>> = { hour: 10_000, day: 30_000, week: 60_000 };

export const QUEUE_ROUTES: readonly Route[] = [
  read('queue', async (call): Promise<QueueAnswer> => {
    const { inspector, live, query } = call;
    const [queue, span] = [textIn(query, 'queue'), spanIn(query)];
    const [chart, summary, page, limit] = await Promise.all([
      live.shared.read(['chart', span, { queue }], () => chartOf(inspector, span, { queue }), KEPT_MS[span]),
      live.shared.read(
        ['names of a queue', queue],
        () => inspector.metrics.summary({ last: '1h', queue }),
        KEPT_MS.hour,
      ),
      live.shared.read(['next', queue], () => inspector.tasks.list({ queue, state: 'pending', limit: NEXT })),
      limitOfQueue(call, queue),
    ]);
    return {
      chart,
      limit,
      next: page.tasks.map(({ id, task, enqueuedAt }) => ({
        id,
        task: task ?? null,
        at: enqueuedAt?.getTime() ?? null,
      })),
      names: summary.tasks.map(({ task, done, failed, timedOut, crashed, duration }) => ({
        task,
        done,
        failed: failuresOf({ failed, timedOut, crashed }),
        p95Ms: duration.p95Ms,
      })),
    };
  }),
];

/** Most queues have none. */
function limitOfQueue({ inspector, live }: Call, queue: string): Promise<QueueAnswer['limit']> {
  const name = nameOfQueueLimit(queue);
  const read = async (): Promise<QueueAnswer['limit']> => {
    try {
      return { name, allows: allowanceText(await inspector.limits.get(name)) };
    } catch (error) {
      if ((error as NestworkError).code === 'UNKNOWN_LIMIT') return { name, allows: 'none' };
      throw error;
    }
  };
  return live.shared.read(['limit of a queue', queue], read);
}
