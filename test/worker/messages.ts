import type { ClaimedTask } from '../../src/broker/port/broker.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodePayload } from '../../src/payload/payload.js';
import { PolicyBook } from '../../src/policy/policy-book.js';
import type { PolicyOptions } from '../../src/policy/policy-options.js';
import type { TaskHandler } from '../../src/task/task-definition.js';
import { TaskRegistry } from '../../src/task/task-registry.js';

const policyOf = (policy: PolicyOptions, name: string) => new PolicyBook({}, new Map()).of(policy, 'default', name);
const ids = new TaskIdSequence();

/** A task as a claim brings it. Counters: failures (two digits, base 36), crashes, suspicions. */
export function claimed(name: string, args: unknown[] = [], counters = '0000', enqueuedAt = 0): ClaimedTask {
  const id = ids.next();
  const message = encodeMessage({ id, name, payload: encodePayload(args), enqueuedAt });
  return { id, queue: 'default', message: message.slice(0, 21) + counters + message.slice(25) };
}

/** A registry with these tasks. */
export function registry(handlers: Readonly<Record<string, TaskHandler>>, policy: PolicyOptions = {}): TaskRegistry {
  const tasks = new TaskRegistry();
  for (const [name, handler] of Object.entries(handlers)) {
    const origin = { type: { name }, method: name, module: 'TestModule', decorator: '@Task()' };
    const where = `${name} in TestModule`;
    tasks.add({ name, queue: 'default', where, origin, handler, policyOf: policyOf(policy, name) });
  }
  return tasks;
}
