import { later } from '../../page/later.js';
import { n } from '../../page/parts/index.js';
import type { Screen } from '../../page/screen.js';
import { isFailing } from './failing.js';

export const screen: Screen = {
  name: 'crons',
  title: 'Crons',
  icon: 'crons',
  view: later(() => import('./later.js')),
  count: ({ crons }) => {
    const failing = crons.filter((cron) => isFailing(cron) && !cron.paused).length;
    if (failing > 0) return { text: n(failing), state: 'dead' };
    const paused = crons.filter((cron) => cron.paused).length;
    return paused > 0 ? { text: n(paused), state: 'held' } : undefined;
  },
};
