import { monotonicMs } from '../ipc/monotonic-clock.js';
import { DIES, DROPS, type HardLimit } from '../ipc/scoreboard-layout.js';
import type { PreparedTask } from './executor.js';

/** When the process has to be ended for this attempt, and what becomes of its task then. Its policy has a hard timeout. */
export function hardLimit({ task, policy }: PreparedTask): HardLimit {
  const decision = policy.afterHardTimeout(task.name, task.message.failures);
  const afterwards = decision.kind === 'retry' ? decision.inMs : decision.kind === 'drop' ? DROPS : DIES;
  return { deadlineMs: monotonicMs() + (policy.hardTimeoutMs ?? 0), afterwards, attempt: task.attempt };
}
