import { later } from '../../page/later.js';
import { n } from '../../page/parts/index.js';
import type { Screen } from '../../page/screen.js';

export const screen: Screen = {
  name: 'limits',
  title: 'Limits',
  icon: 'limits',
  view: later(() => import('./later.js')),
  count: ({ findings }) => {
    const closed = findings.filter(({ code }) => code === 'limit-closed').length;
    return closed > 0 ? { text: n(closed), state: 'held' } : undefined;
  },
};
