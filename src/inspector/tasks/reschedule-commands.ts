import { NestworkError } from '../../errors.js';
import { command } from '../../terminal/command.js';
import { date, duration, usageError } from '../../terminal/usage.js';
import type { InspectorContext } from '../inspector-context.js';
import type { FoundState } from './task-inspector.js';

const SCHEDULED = { id: { summary: 'id of a scheduled task' } } as const;

/** `tasks run` and `tasks move`. */
export const rescheduleCommands = [
  command({
    name: 'run',
    summary: 'let a scheduled task run now: it goes to the tail of its queue',
    arguments: SCHEDULED,
    run: async ({ inspector, out, by }: InspectorContext, { id }) => {
      assertMoved(id, await (await inspector()).tasks.runNow(id, { by }));
      out.record({ id, moved: 1 }, () => `Task ${id} is pending.`);
      return undefined;
    },
  }),
  command({
    name: 'move',
    summary: 'give a scheduled task another time',
    arguments: SCHEDULED,
    options: {
      delay: duration('<time>', 'run it so much later than now'),
      at: date('<date>', 'run it then: an ISO date'),
    },
    run: async ({ inspector, out, by }: InspectorContext, { id }, options) => {
      const when = timeOf(options);
      assertMoved(id, await (await inspector()).tasks.moveTo(id, when, { by }));
      out.record({ id, moved: 1 }, () => `Task ${id} has its new time.`);
      return undefined;
    },
  }),
];

interface GivenTime {
  readonly delay?: `${number}ms`;
  readonly at?: Date;
}

function timeOf({ delay, at }: GivenTime): Date | `${number}ms` {
  if (at !== undefined && delay === undefined) return at;
  if (delay !== undefined && at === undefined) return delay;
  throw usageError(`${at ? 'Both --delay and' : 'Neither --delay nor'} --at are given.`, 'Give one of them.');
}

function assertMoved(id: string, state: FoundState): void {
  if (state === 'scheduled') return;
  throw new NestworkError('UNKNOWN_TASK_ID', `Task ${id} is not scheduled: its state is ${state}.`, [
    `See where it is: nestwork tasks explain ${id}.`,
    'It may be in another namespace: --namespace.',
  ]);
}
