import type { ActionQuestion } from '../../http/question.js';
import { act, get } from '../api.js';
import { ask, type Fields, type Question } from './ask.js';

/** Asks what the server has to say about an action, and does it; the fields of the dialog go with the body. */
export async function askFirst(
  path: string,
  body: Readonly<Record<string, string | number>>,
  more: Partial<Question> = {},
): Promise<Fields | undefined> {
  const question = await get<ActionQuestion>(path, body);
  return ask({ run: (fields) => act(path, { ...body, ...fields }), ...question, ...more });
}
