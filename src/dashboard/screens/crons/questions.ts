import { withoutWorker } from '../../../inspector/cron-words.js';
import { textIn } from '../../http/input.js';
import { question } from '../../http/question.js';
import type { Route } from '../../http/route.js';

export const CRON_QUESTIONS: readonly Route[] = [
  question('crons/pause', async ({ query }) => ({
    title: `Pause ${textIn(query, 'cron')}?`,
    lines: [
      'No worker fires it until it is resumed, also over restarts.',
      'A run that waits or is under way goes on.',
      'Times that come due meanwhile are not made up for.',
    ],
    main: 'Pause the cron',
  })),
  question('crons/run', async ({ inspector, query }) => {
    const cron = await inspector.crons.get(textIn(query, 'cron'));
    const { name, queue, overlap, paused, declared } = cron;
    return {
      title: `Run ${name} now?`,
      lines: [
        `A run goes to the tail of ${queue}. Its next times stay as they are.`,
        overlap === 'skip'
          ? 'If an earlier run waits or is under way, nothing is added.'
          : 'It may overlap with an earlier run.',
        ...(paused ? ['It stays paused.'] : []),
        ...(declared
          ? []
          : [
              `It waits for a worker: ${withoutWorker(cron)}. Where others serve the queue, it is dead after half an hour.`,
            ]),
      ],
      main: 'Run it now',
    };
  }),
  question('crons/remove', async ({ inspector, query }) => {
    const { name, set } = await inspector.crons.get(textIn(query, 'cron'));
    if (!set) {
      return {
        title: `${name} cannot be removed`,
        lines: ['It stands in the code of an app. Pause it, or remove its decorator.'],
      };
    }
    return {
      title: `Remove ${name}?`,
      lines: [
        'It is not fired any more, and its history is gone.',
        'A run that waits or is under way goes on.',
        'An app that sets it again brings it back.',
      ],
      main: 'Remove the cron',
      grave: true,
    };
  }),
];
