import { type Duration, toMilliseconds } from '../../../values/duration.js';
import { invalid } from '../../../values/option-values.js';
import { shown } from '../../../values/shown.js';

/** The new time of a task, as the page sent it: `at` (ISO), or `delay` such as '10m'. */
export function timeOf({ at, delay }: Readonly<Record<string, unknown>>): Date | Duration {
  if (typeof delay === 'string' && delay !== '') {
    // before a bulk action begins to answer
    toMilliseconds(delay as Duration, 'delay');
    return delay as Duration;
  }
  const date = typeof at === 'string' ? new Date(at) : undefined;
  if (date && !Number.isNaN(date.getTime())) return date;
  throw invalid('at', `is ${shown(at)}, and \`delay\` is ${shown(delay)}`, "Give a time, or how much later: '10m'.");
}
