import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, get, type Reading, useRead } from '../../page/api.js';
import type { Query } from '../../page/router.js';
import type { TaskRow, TaskRows } from './wire.js';

/** More rows than that a browser holds with trouble, and nobody reads. */
const MOST_ROWS = 1_000;

export interface List {
  readonly first: Reading<TaskRows>;
  readonly rows: readonly TaskRow[];
  readonly looked: number;
  readonly left: number;
  readonly cursor: string | undefined;
  readonly busy: boolean;
  readonly failure: ApiError | undefined;
  /** one more part, or all that are left, as far as they can be shown */
  readonly goOn: (all?: boolean) => void;
  readonly stop: () => void;
}

/** A list whose parts are read one behind the other. The first one follows what happens until there is another. */
export function useList(query: Query): List {
  const key = JSON.stringify(query);
  const [parts, setParts] = useState<{ readonly key: string; readonly list: readonly TaskRows[] }>({ key, list: [] });
  const more = parts.key === key ? parts.list : [];
  const isSearch = Boolean(query.q || query.text || query.task || query.id || query.error);
  const first = useRead<TaskRows>('tasks', query, more.length > 0 || isSearch ? {} : { everyMs: 4_000 });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError>();
  const running = useRef<AbortController>(undefined);
  const all = [...(first.data ? [first.data] : []), ...more];
  const rows = [...new Map(all.flatMap((part) => part.rows).map((row) => [row.id, row])).values()];
  const last = all.at(-1);
  useEffect(() => () => running.current?.abort(), [key]);
  const goOn = useCallback(
    (toEnd = false) => {
      const from = last?.cursor;
      if (from === undefined) return;
      running.current?.abort();
      const mine = new AbortController();
      running.current = mine;
      setBusy(true);
      setFailure(undefined);
      const run = async (): Promise<void> => {
        let [cursor, found]: [string | undefined, number] = [from, rows.length];
        do {
          const part: TaskRows = await get<TaskRows>('tasks', { ...query, cursor }, mine.signal);
          if (mine.signal.aborted) return;
          setParts((before) => ({ key, list: [...(before.key === key ? before.list : []), part] }));
          cursor = part.cursor;
          found += part.rows.length;
        } while (toEnd && cursor !== undefined && found < MOST_ROWS);
      };
      run()
        .catch((error: ApiError) => mine.signal.aborted || setFailure(error))
        .finally(() => running.current === mine && setBusy(false));
    },
    [key, last?.cursor, rows.length],
  );
  const stop = useCallback(() => {
    running.current?.abort();
    setBusy(false);
  }, []);
  const looked = all.reduce((sum, part) => sum + part.looked, 0);
  return { first, rows, looked, left: last?.left ?? 0, cursor: last?.cursor, busy, failure, goOn, stop };
}
