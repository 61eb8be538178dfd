import { later } from '../../page/later.js';
import type { Screen } from '../../page/screen.js';

export const screen: Screen = {
  name: 'groups',
  title: 'Batches and flows',
  icon: 'groups',
  view: later(() => import('./later.js')),
};
