import type { TaskSender } from './task-sender.js';

/** Promises, JSON and test runners look for these in any object: a task of such a name is sent with `queue.task(name)`. */
const PROBED = new Set([
  'then',
  'catch',
  'toJSON',
  'constructor',
  'inspect',
  'asymmetricMatch',
  '$$typeof',
  'nodeType',
]);

/** The senders of a class of which only the name is known: each method that is asked for is taken for a task. */
export function namedSenders(sender: (method: string) => TaskSender<unknown[]>): object {
  const made = new Map<string, TaskSender<unknown[]>>();
  return new Proxy(Object.create(null) as object, {
    get: (_nothing, method) => {
      if (typeof method !== 'string' || PROBED.has(method)) return undefined;
      const known = made.get(method) ?? sender(method);
      made.set(method, known);
      return known;
    },
  });
}
