import { go, type Query } from '../../page/router.js';

/** The filters of the list that have a word in the search field: `queue:mail arg:in_88`. */
export const TOKENS: Readonly<Record<string, string>> = {
  queue: 'queue',
  task: 'task',
  id: 'id',
  key: 'key',
  older: 'older',
  arg: 'text',
  error: 'error',
};

const TASK_ID = /^[0-9a-z]{20}$/;

/** Shows what a person has typed: the tasks that match, or the one that is meant. */
export function search(typed: string, before: Query): void {
  const meant = parsed(typed, before);
  if ('id' in meant) go('task', meant.id);
  else go('tasks', undefined, meant.query);
}

/** What a person has typed, as the query of an address; or the id of the one task that is meant. */
export function parsed(typed: string, before: Query): { readonly query: Query } | { readonly id: string } {
  const text = typed.trim();
  if (TASK_ID.test(text) && /\d/.test(text)) return { id: text };
  const query: Record<string, string | undefined> = { ...before, q: undefined };
  // what follows `arg:` or `error:` is taken as it is, spaces too
  const rest = text.replace(/(?:^|\s)(arg|error):(.+)$/, (_, token: string, value: string) => {
    query[TOKENS[token] as string] = value.trim();
    return '';
  });
  const words = rest.split(/\s+/).filter((word) => {
    const [, token = '', value] = /^(queue|task|id|key|older):(\S+)$/.exec(word) ?? [];
    if (value === undefined) return true;
    query[TOKENS[token] as string] = value;
    return false;
  });
  return { query: { ...query, q: words.join(' ') || undefined } };
}
