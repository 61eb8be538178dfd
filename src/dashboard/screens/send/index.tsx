import { later } from '../../page/later.js';
import type { Screen } from '../../page/screen.js';

export const screen: Screen = { name: 'send', title: 'Send', icon: 'send', view: later(() => import('./later.js')) };
