import { screen as actions } from '../screens/actions/index.js';
import { screen as cron } from '../screens/cron/index.js';
import { screen as crons } from '../screens/crons/index.js';
import { screen as dead } from '../screens/dead/index.js';
import { screen as groups } from '../screens/groups/index.js';
import { screen as limits } from '../screens/limits/index.js';
import { screen as names } from '../screens/names/index.js';
import { screen as overview } from '../screens/overview/index.js';
import { screen as queue } from '../screens/queue/index.js';
import { screen as queues } from '../screens/queues/index.js';
import { screen as scheduled } from '../screens/scheduled/index.js';
import { screen as send } from '../screens/send/index.js';
import { screen as task } from '../screens/task/index.js';
import { screen as tasks } from '../screens/tasks/index.js';
import { screen as workers } from '../screens/workers/index.js';
import type { Screen } from './screen.js';

/** All views: those with an icon are pages in the side, in this order. */
const SCREENS: readonly Screen[] = [
  overview,
  queues,
  tasks,
  dead,
  scheduled,
  workers,
  crons,
  groups,
  limits,
  names,
  actions,
  task,
  queue,
  cron,
  send,
];

export const pages: readonly Screen[] = SCREENS.filter(({ icon }) => icon !== undefined);

export function screenOf(name: string): Screen | undefined {
  return SCREENS.find((screen) => screen.name === name);
}
