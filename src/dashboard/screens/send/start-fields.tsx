import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import type { SendNeeds } from './wire.js';

/** Begins the names of fields for keys of limits: behind it stands the name of the limit. */
const LIMIT = 'limit ';

/** The fields that say when a call may start, for a task that needs them. @param task undefined while nobody has named one */
export function StartFields({ task }: { readonly task: string | undefined }): JSX.Element | null {
  const { data } = useRead<SendNeeds>(task && 'send/needs', { task });
  // what is known of another task stays until the answer is there
  if (!data || data.task !== task) return null;
  const { limits, fair, priority } = data;
  return (
    <>
      {limits.map((limit) => (
        <label key={limit}>
          Key for the limit {limit}
          <input name={LIMIT + limit} required maxLength={1000} placeholder="acme" autocomplete="off" />
        </label>
      ))}
      {fair && (
        <label>
          Tenant: they take turns
          <input name="fairKey" required maxLength={1000} placeholder="acme" autocomplete="off" />
        </label>
      )}
      {priority !== undefined && (
        <label>
          Priority, 0 to 9
          <input name="priority" type="number" min="0" max="9" placeholder={String(priority)} />
        </label>
      )}
    </>
  );
}

/** The fields of a form as the server takes them: keys of limits together. */
export function startOf(fields: Readonly<Record<string, string>>): object {
  const entries = Object.entries(fields);
  const keys = entries.filter(([name]) => name.startsWith(LIMIT)).map(([name, key]) => [name.slice(LIMIT.length), key]);
  const { priority = '', ...rest } = Object.fromEntries(entries.filter(([name]) => !name.startsWith(LIMIT)));
  return {
    ...rest,
    ...(keys.length > 0 && { limitKeys: Object.fromEntries(keys) }),
    ...(priority && { priority: Number(priority) }),
  };
}
