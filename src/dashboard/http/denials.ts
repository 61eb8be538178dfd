import { DASHBOARD_ACTIONS, type DashboardAction } from '../rights.js';
import { NOBODY } from './people.js';

/** Where a right comes from. */
export const REMEDY = 'The option `can` of QueueDashboardModule grants it.';

const DEEDS: Readonly<Record<DashboardAction, string>> = {
  view: 'look at this',
  arguments: 'see arguments',
  redrive: 'redrive tasks',
  'redrive-edited': 'redrive tasks with other arguments',
  delete: 'delete dead tasks or remove crons',
  purge: 'purge queues',
  cancel: 'cancel tasks',
  reschedule: 'run or move scheduled tasks',
  pause: 'pause or resume queues and crons',
  'run-cron': 'run crons',
  send: 'send tasks',
  'set-limit': 'set or reset limits',
  control: 'control workers',
};

/** Why somebody may not do something. Where nobody has a name, it is the dashboard that may not: nobody has signed in. */
export function denial(action: DashboardAction, by: string): string {
  const who = by === NOBODY ? 'This dashboard' : by;
  return `${who} may not ${DEEDS[action]}: the right "${action}" is missing.`;
}

/** The same of all actions, with the remedy, for buttons that are disabled. */
export function denials(by: string): Readonly<Record<DashboardAction, string>> {
  const texts = DASHBOARD_ACTIONS.map((action) => [action, `${denial(action, by)} ${REMEDY.replaceAll('`', '')}`]);
  return Object.fromEntries(texts) as Record<DashboardAction, string>;
}
