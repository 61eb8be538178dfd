import type { Scenario } from '../harness/scenario.js';
import { blockedLoops } from './blocked-loops.js';
import { childKills } from './child-kills.js';
import { clockJumps } from './clock-jumps.js';
import { crons } from './crons.js';
import { flows } from './flows.js';
import { foreignMessages } from './foreign-messages.js';
import { frozenRedis } from './frozen-redis.js';
import { fullMemory } from './full-memory.js';
import { hardTimeouts } from './hard-timeouts.js';
import { inbox } from './inbox.js';
import { lateAnswers } from './late-answers.js';
import { limits } from './limits.js';
import { lostReplies } from './lost-replies.js';
import { outbox } from './outbox.js';
import { pausedClients } from './paused-clients.js';
import { poisonTasks } from './poison-tasks.js';
import { redisKills } from './redis-kills.js';
import { rollingRestarts } from './rolling-restarts.js';
import { scheduledTasks } from './scheduled-tasks.js';
import { supervisorKills } from './supervisor-kills.js';

/** Every scenario, in the order of docs/guarantees.md. */
export const scenarios: readonly Scenario[] = [
  childKills,
  supervisorKills,
  scheduledTasks,
  blockedLoops,
  lateAnswers,
  rollingRestarts,
  hardTimeouts,
  poisonTasks,
  foreignMessages,
  lostReplies,
  frozenRedis,
  pausedClients,
  clockJumps,
  redisKills,
  fullMemory,
  flows,
  limits,
  inbox,
  outbox,
  crons,
];
