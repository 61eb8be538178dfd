import { assertTaskId } from '../../../message/task-id.js';
import { invalid } from '../../../values/option-values.js';

/** What a page can have selected. */
const MOST_IDS = 1_000;

/** The ids of a body. @throws NestworkError INVALID_OPTION, INVALID_TASK_ID */
export function idsOf(ids: unknown): readonly string[] {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MOST_IDS) {
    throw invalid('ids', `is no list of 1 to ${MOST_IDS} ids`, 'Select the tasks in the list.');
  }
  for (const id of ids) assertTaskId(id);
  return ids;
}
