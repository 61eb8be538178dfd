import type { CallOptions } from '../message/call-options.js';
import { assertOrder, CALL_POLICY_OPTIONS, type PolicyOptions } from './policy-options.js';
import { TaskPolicy } from './task-policy.js';

/** The policy of a task in the queue where a call of it is, with the options of that call. */
export type PolicyOf = (queue: string, call: CallOptions) => TaskPolicy;

/** The other options of a call, such as its headers, make no policy of its own. */
const POLICY_NAMES: ReadonlySet<string> = new Set(CALL_POLICY_OPTIONS);
const NO_POLICY = new TaskPolicy([]);

/** The policy of a broadcast: no timeouts, no retries, and it never comes too late. */
export const noPolicy: PolicyOf = () => NO_POLICY;

/** The timeouts and retries of the module and its queues; makes the policies of tasks from them. */
export class PolicyBook {
  constructor(
    private readonly defaults: PolicyOptions,
    private readonly queues: ReadonlyMap<string, PolicyOptions>,
  ) {}

  /**
   * The policies of a task. Those of calls that set none of it are made once for each queue.
   *
   * @param home the queue of the task, in which its timeouts are checked now
   * @param where the task, for errors
   * @throws NestworkError INVALID_OPTION when the timeouts of task, queue and module do not go together
   */
  of(task: PolicyOptions, home: string, where: string): PolicyOf {
    const known = new Map<string, TaskPolicy>();
    const policyOf: PolicyOf = (queue, call) => {
      const layers = [this.defaults, this.queues.get(queue) ?? {}, task];
      for (const name in call) if (POLICY_NAMES.has(name)) return new TaskPolicy([...layers, call]);
      let policy = known.get(queue);
      if (!policy) {
        policy = new TaskPolicy(layers);
        known.set(queue, policy);
      }
      return policy;
    };
    const { softTimeoutMs, hardTimeoutMs } = policyOf(home, {});
    assertOrder(softTimeoutMs, hardTimeoutMs, where);
    return policyOf;
  }
}
