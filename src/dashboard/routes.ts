import type { Route } from './http/route.js';
import { LIVE_ROUTES } from './live/routes.js';
import { ACTION_ROUTES } from './screens/actions/routes.js';
import { CRON_ROUTES } from './screens/crons/routes.js';
import { DEAD_ROUTES } from './screens/dead/routes.js';
import { GROUP_ROUTES } from './screens/groups/routes.js';
import { LIMIT_ROUTES } from './screens/limits/routes.js';
import { NAMES_ROUTES } from './screens/names/routes.js';
import { OVERVIEW_ROUTES } from './screens/overview/routes.js';
import { QUEUE_ROUTES } from './screens/queue/routes.js';
import { QUEUES_ROUTES } from './screens/queues/routes.js';
import { SEND_ROUTES } from './screens/send/routes.js';
import { TASK_ROUTES } from './screens/task/routes.js';
import { TASKS_ROUTES } from './screens/tasks/routes.js';
import { WORKER_ROUTES } from './screens/workers/routes.js';

/** The addresses of all screens, below `api/`. */
export const ROUTES: readonly Route[] = [
  // one screen a line
  ...LIVE_ROUTES,
  ...OVERVIEW_ROUTES,
  ...TASKS_ROUTES,
  ...TASK_ROUTES,
  ...SEND_ROUTES,
  ...QUEUES_ROUTES,
  ...QUEUE_ROUTES,
  ...NAMES_ROUTES,
  ...WORKER_ROUTES,
  ...CRON_ROUTES,
  ...GROUP_ROUTES,
  ...LIMIT_ROUTES,
  ...ACTION_ROUTES,
  ...DEAD_ROUTES,
];
