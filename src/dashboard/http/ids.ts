import { assertTaskId } from '../../message/task-id.js';
import { invalid } from '../../values/option-values.js';
import type { Call, Subject } from './route.js';

/** What a page can have selected. */
const MOST_IDS = 1_000;

/** The ids of a body. @throws NestworkError INVALID_OPTION, INVALID_TASK_ID */
export function idsIn({ ids }: Call['body']): readonly string[] {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MOST_IDS) {
    throw invalid('ids', `is no list of 1 to ${MOST_IDS} ids`, 'Select the tasks in the list.');
  }
  for (const id of ids) assertTaskId(id);
  return ids;
}

/** Of an action on ids: they are checked before the answer begins, because later its status could not say that they are wrong. */
export function subjectOfIds({ body }: Call): Subject {
  idsIn(body);
  return {};
}
