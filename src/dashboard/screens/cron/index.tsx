import { later } from '../../page/later.js';
import type { Screen } from '../../page/screen.js';

export const screen: Screen = {
  name: 'cron',
  title: 'Cron',
  under: 'crons',
  view: later(() => import('./later.js')),
};
