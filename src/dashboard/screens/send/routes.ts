import type { Inspector } from '../../../inspector/inspector.js';
import type { SendByNameOptions } from '../../../inspector/tasks/send-by-name.js';
import { invalid } from '../../../values/option-values.js';
import { listOf, record, text } from '../../../values/shapes.js';
import { readEditable } from '../../arguments/read-editable.js';
import { act, type Call, type Route, read } from '../../http/route.js';
import { timeOf } from '../task/new-time.js';
import type { SendNeeds } from './wire.js';

export const SEND_ROUTES: readonly Route[] = [
  read('send/names', async ({ inspector }) => ({ names: await inspector.tasks.names() })),
  read('send/needs', async ({ inspector, query }) => needsOf(query.get('task') ?? '', inspector)),
  act('send', {
    action: 'send',
    subject: async ({ inspector, body }) => {
      const { task, queue } = body;
      if (typeof task !== 'string' || task === '') throw invalid('task', 'is missing', 'Give the name of a task.');
      // so that `can` knows the queue though the person names none
      return { task, queue: typeof queue === 'string' && queue !== '' ? queue : await inspector.tasks.queueOf(task) };
    },
    run: async ({ inspector, by, body }, { task = '', queue }) => {
      const options: SendByNameOptions = { ...optionsOf(body), ...(queue !== undefined && { queue }) };
      return inspector.tasks.send(task, argumentsOf(body), { ...options, by });
    },
  }),
];

/** In the form that can be edited, of which plain JSON is the most part. */
function argumentsOf({ args }: Call['body']): readonly unknown[] {
  if (typeof args !== 'string') throw invalid('args', 'is no text', 'Write the arguments as a list: [7].');
  return readEditable(args, []);
}

function optionsOf({ delay, at, key, ...rest }: Call['body']): SendByNameOptions {
  const hasTime = [delay, at].some((one) => one !== undefined && one !== '');
  const when = hasTime ? timeOf({ delay, at }) : undefined;
  if (key !== undefined && typeof key !== 'string') throw invalid('key', 'is no text', 'Give a text, or leave it out.');
  return {
    ...(when instanceof Date ? { eta: when } : when !== undefined && { delay: when }),
    ...(key && { key }),
    ...startOf(rest),
  };
}

async function needsOf(task: string, { tasks }: Inspector): Promise<SendNeeds> {
  const { limits = [], fair = false, priority } = await tasks.startOf(task);
  const keyed = limits.filter((limit) => limit.keyed).map(({ name }) => name);
  return { task, limits: keyed, fair, ...(priority && { priority: priority.value }) };
}

/** Whether their values are right is for the sender to say, who needs them. */
function startOf({ limitKeys, fairKey, priority }: Call['body']): SendByNameOptions {
  if (fairKey !== undefined && typeof fairKey !== 'string') {
    throw invalid('fairKey', 'is no text', 'Give the name of a tenant, or leave it out.');
  }
  if (priority !== undefined && typeof priority !== 'number') {
    throw invalid('priority', 'is no number', 'Give 0 to 9, or leave it out.');
  }
  return {
    ...(limitKeys !== undefined && { limitKeys: keysIn(limitKeys) }),
    ...(fairKey !== undefined && { fairKey }),
    ...(priority !== undefined && { priority }),
  };
}

function keysIn(given: unknown): Record<string, string> {
  if (record(given) && listOf(text)(Object.values(given))) return given as Record<string, string>;
  throw invalid('limitKeys', 'is no object of texts', "Give keys by the names of limits: { stripe: 'acme' }.");
}
