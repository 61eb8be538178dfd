import { nestwork } from '../contestants.js';
import type { Figure } from '../harness/figure.js';
import { drained, type Load } from './drained.js';

const LOAD: Load = { full: 200_000, quick: 80_000 };

export const twoChildren: Figure = {
  id: 'two-children',
  title: 'Tasks per second, two children beside one',
  unit: 'tasks/s',
  better: 'higher',
  how: 'The same no-op tasks; counted while both children are at work. Redis needs a core, too.',
  contestants: [
    drained('one child', nestwork, { children: 1 }, LOAD),
    drained('two children', nestwork, { children: 2 }, LOAD),
  ],
  goals: [{ of: 'two children', against: 'one child', atLeast: 1 }],
  fullOnly: true,
};
