import { instant } from '../../../terminal/figures.js';
import { count, counted } from '../../../values/counted.js';
import { textIn } from '../../http/input.js';
import { type ActionQuestion, question, typedFor } from '../../http/question.js';
import type { Route } from '../../http/route.js';

export const QUEUE_QUESTIONS: readonly Route[] = [
  question('queues/pause', async ({ query }) => ({
    title: `Pause queue ${textIn(query, 'queue')}?`,
    lines: ['Workers start none of its tasks. Those that run go on.', 'What is sent to it waits, and nothing is lost.'],
    main: 'Pause',
  })),
  question('queues/resume', async ({ inspector, query }) => {
    const queue = textIn(query, 'queue');
    const { pending, paused } = await inspector.queues.get(queue);
    const until = paused?.until ? ` until ${instant(paused.until)}` : '';
    const why = paused?.reason === undefined ? '' : `: ${paused.reason.replace(/\.$/, '')}`;
    return {
      title: `Resume queue ${queue}?`,
      lines: [
        ...(paused ? [`${paused.by} paused it${until}${why}.`] : []),
        `${counted(pending, 'task waits', 'tasks wait')}; workers start them at once.`,
      ],
      main: 'Resume',
    };
  }),
  // what waits is counted in the next step, by the filter
  question('queues/purge', async ({ inspector, query }) => {
    const queue = textIn(query, 'queue');
    const { pending } = await inspector.queues.get(queue);
    return {
      title: `Purge queue ${queue}`,
      lines: [
        `${counted(pending, 'task waits', 'tasks wait')}. Scheduled, active and dead ones stay.`,
        'The next step counts what would go.',
      ],
      main: 'Count them',
    };
  }),
];

/** The last question of a purge, by what was counted. */
export function purgeQuestion(
  queue: string,
  { matching, looked, total }: Readonly<Record<'matching' | 'looked' | 'total', number>>,
): ActionQuestion {
  const isWhole = looked >= total;
  const lookedAt = `Looked at ${isWhole ? `all ${count(total)}` : `${count(looked)} of ${count(total)}`}.`;
  if (matching === 0) return { title: `No task of ${queue} matches.`, lines: [lookedAt] };
  const least = isWhole ? '' : 'at least ';
  return {
    title: `Delete ${least}${counted(matching, 'task')} of ${queue} for ever?`,
    lines: [lookedAt, 'They do not run, and cannot be brought back.'],
    main: `Delete ${least}${count(matching)}`,
    grave: true,
    typed: typedFor(matching, isWhole),
  };
}
