import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Snapshot, useSnapshot } from '../../page/live.js';
import { Bar, brief, Chips, Do, Empty, Failed, Loaded, Note, n } from '../../page/parts/index.js';
import { href, type Query, usePlace } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import { useSession } from '../../page/session.js';
import { TaskBulk } from './bulk.js';
import { search, TOKENS } from './search.js';
import { TaskTable } from './task-table.js';
import { type List, useList } from './use-list.js';

const STATES = ['', 'pending', 'scheduled', 'active', 'quarantined', 'done', 'dead'] as const;
const GLYPHS = { quarantined: 'held' } as const;

function countsOf(snapshot: Snapshot | undefined, queue: string | undefined): Readonly<Record<string, number>> {
  const queues = (snapshot?.queues ?? []).filter((one) => queue === undefined || one.queue === queue);
  const sum = (of: (one: Snapshot['queues'][number]) => number | undefined): number =>
    queues.reduce((all, one) => all + (of(one) ?? 0), 0);
  if (!snapshot) return {};
  return {
    pending: sum((one) => one.pending),
    scheduled: sum((one) => one.scheduled),
    dead: sum((one) => one.dead),
  };
}

function Tasks(): JSX.Element {
  const { query } = usePlace();
  const { snapshot } = useSnapshot();
  const { state = '', queue } = query;
  const list = useList(query);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const key = JSON.stringify(query);
  // what cannot be seen any more is not selected any more
  useEffect(() => setSelected(new Set()), [key]);
  const counts = countsOf(snapshot, queue);
  const lacksName = state === 'done' && !query.task;
  return (
    <>
      <h1 class="sr">Tasks</h1>
      <Chips
        label="State"
        value={state}
        to={(value) => href('tasks', undefined, { ...query, state: value || undefined })}
        options={STATES.map((value) => ({
          value,
          label: value || 'any state',
          state: value ? (GLYPHS[value as keyof typeof GLYPHS] ?? (value as 'pending')) : undefined,
          count: counts[value] === undefined ? undefined : brief(counts[value]),
        }))}
      />
      <Search query={query} />
      {lacksName ? (
        <Empty title="Done tasks are kept by name.">
          <p>
            Search for <code>task:</code> and the name of a task that has keepDone.
          </p>
        </Empty>
      ) : (
        <Loaded of={list.first}>
          {({ seesArguments, notes }) => (
            <>
              {notes?.map((line) => (
                <Note key={line} state="held">
                  {line}
                </Note>
              ))}
              {list.rows.length > 0 && (
                <TaskTable label="Tasks" rows={list.rows} selected={selected} onSelect={setSelected} />
              )}
              {list.failure && <Failed error={list.failure} again={() => list.goOn()} />}
              <Looked list={list} query={query} seesArguments={seesArguments} />
              <TaskBulk
                key={key}
                rows={list.rows}
                selected={selected}
                query={query}
                isPart={list.cursor !== undefined || selected.size < list.rows.length}
                clear={() => setSelected(new Set())}
              />
            </>
          )}
        </Loaded>
      )}
    </>
  );
}

/** How far the list has looked. It says that there is nothing only once it has looked at all. */
function Looked({
  list,
  query,
  seesArguments,
}: {
  readonly list: List;
  readonly query: Query;
  readonly seesArguments: boolean;
}): JSX.Element {
  const { rows, looked, left, cursor, busy } = list;
  const { denials } = useSession();
  const isFiltered = Object.values(query).some(Boolean);
  const unsearched = !seesArguments && (query.q || query.text) && `Arguments were not searched. ${denials.arguments}`;
  if (cursor === undefined && rows.length === 0) {
    return (
      <Empty title={isFiltered ? 'No task matches.' : 'No task is there.'}>
        <p>
          {isFiltered
            ? query.key
              ? 'A key is free once its task has ended.'
              : `Looked at all ${n(looked)}. Done tasks are listed if their name has keepDone.`
            : 'All that was sent is done.'}
        </p>
        {unsearched && <p>{unsearched}</p>}
      </Empty>
    );
  }
  const where = query.queue ? `in ${query.queue}` : 'in all queues';
  return (
    <div class="looked" role="status">
      {cursor !== undefined && <Bar part={looked / Math.max(looked + left, 1)} />}
      <span>
        <b>
          {n(rows.length)} {isFiltered ? 'found' : 'shown'}.
        </b>{' '}
        Looked at {n(looked)}
        {cursor === undefined ? '' : ` of ${n(looked + left)}`}, {where}.{unsearched && ` ${unsearched}`}
      </span>
      {busy ? (
        <button type="button" class="small" onClick={list.stop}>
          Stop
        </button>
      ) : (
        cursor !== undefined && (
          <>
            <Do kind="main" small letter="g" run={() => list.goOn()}>
              Go on
            </Do>
            {isFiltered && (
              <button type="button" class="bare small" onClick={() => list.goOn(true)}>
                Look at all
              </button>
            )}
          </>
        )
      )}
    </div>
  );
}

function Search({ query }: { readonly query: Query }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const { q = '' } = query;
  useEffect(() => {
    // what was typed may have become a filter
    if (field.current) field.current.value = q;
  }, [query, q]);
  return (
    <form
      class="query"
      onSubmit={(event) => {
        event.preventDefault();
        search(field.current?.value ?? '', query);
      }}
    >
      {Object.entries(TOKENS).map(
        ([token, name]) =>
          query[name] && (
            <span class="tok" key={token}>
              {token}:{query[name]}
              <a
                class="drop"
                href={href('tasks', undefined, { ...query, [name]: undefined })}
                aria-label={`Remove ${token}:${query[name]}`}
              >
                ×
              </a>
            </span>
          ),
      )}
      <input
        ref={field}
        data-find
        type="search"
        aria-label="Search tasks"
        placeholder="id, name, or a part of the arguments"
      />
      <small class="dimmer m1">also queue: task: key: id: arg:, of dead ones older: error:</small>
    </form>
  );
}

export const screen: Screen = {
  name: 'tasks',
  title: 'Tasks',
  icon: 'tasks',
  view: Tasks,
  count: (snapshot) => {
    const { pending = 0 } = countsOf(snapshot, undefined);
    return { text: brief(pending) };
  },
};
