import { enhanced, nestwork } from '../contestants.js';
import type { Figure } from '../harness/figure.js';
import { drained, type Load } from './drained.js';

const LOAD: Load = { full: 150_000, quick: 60_000 };

export const enhancers: Figure = {
  id: 'enhancers',
  title: 'Tasks per second with guards, interceptors, pipes and filters',
  unit: 'tasks/s',
  better: 'higher',
  how:
    'The no-op tasks, one child, concurrency 1: in an app that has no enhancers, in one where only another task class has some, and ' +
    'with the least enhancers there can be around the tasks themselves: an interceptor, or one of each kind.',
  contestants: [
    drained('none', nestwork, {}, LOAD),
    drained('around others', enhanced, { variant: 'neighbour' }, LOAD),
    drained('an interceptor', enhanced, { variant: 'interceptor' }, LOAD),
    drained('one of each', enhanced, { variant: 'all' }, LOAD),
  ],
  goals: [{ of: 'around others', against: 'none', atLeast: 0.95 }],
};
