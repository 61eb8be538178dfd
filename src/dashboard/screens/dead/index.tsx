import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import { Ago, brief, Chips, Columns, counted, Do, Empty, Icon, Loaded, n, Rows } from '../../page/parts/index.js';
import { go, href, usePlace } from '../../page/router.js';
import { heading, type Screen } from '../../page/screen.js';
import { deleteAll, redriveAll } from './act.js';
import { Group } from './group.js';
import type { DeadGroupsView, DeadGroupView, DeadQuery } from './wire.js';

const TIMES = [
  { value: '', label: 'any time' },
  { value: '1h', label: 'last hour' },
  { value: '1d', label: 'last day' },
  { value: '7d', label: 'last week' },
];

function Dead(): JSX.Element {
  const { arg, query } = usePlace();
  const filter: DeadQuery & Record<string, string | undefined> = query;
  const read = useRead<DeadGroupsView>('dead/groups', filter, { everyMs: 5_000 });
  useEffect(() => {
    heading.set(arg === undefined ? undefined : 'One error');
    return () => heading.set(undefined);
  }, [arg]);
  const isFiltered = Object.values(filter).some(Boolean);
  return (
    <Loaded of={read}>
      {({ groups, others, looked, left, cursor, total }) => {
        if (arg !== undefined && groups.every(({ key }) => key !== arg)) {
          return <Group key={arg} group={undefined} query={{ ...filter, group: arg }} />;
        }
        return (
          <>
            <div class="sh wrap">
              <h1>
                {counted(total, 'dead task')}
                {groups.length > 0 && `, ${counted(groups.length + others.groups, 'error')}`}
              </h1>
              <span class="grow" />
              {groups.length > 0 && (
                <span class="row">
                  <Do right="redrive" small run={() => redriveAll(filter)}>
                    Redrive all that match…
                  </Do>
                  <Do right="delete" small kind="grave" run={() => deleteAll(filter)}>
                    Delete…
                  </Do>
                </span>
              )}
            </div>
            {(total > 0 || isFiltered) && <Filter query={filter} />}
            {groups.length > 0 ? (
              <Rows
                label="Errors"
                class="errs"
                rows={groups}
                id={({ key }) => key}
                columns={COLUMNS(filter, arg)}
                to={({ key }) => href('dead', key === arg ? undefined : key, filter)}
                inside={(group) =>
                  group.key === arg && <Group key={arg} group={group} query={{ ...filter, group: group.key }} />
                }
              />
            ) : (
              <Nothing isFiltered={isFiltered} left={left} />
            )}
            {(left > 0 || others.groups > 0) && (
              <p class="dim" role="status">
                {others.groups > 0 && `${n(others.tasks)} tasks of ${n(others.groups)} more errors. `}
                {left > 0 && `Looked at ${n(looked)} of ${n(looked + left)}, those that died last. `}
                {cursor !== undefined && (
                  <a class="link" href={href('dead', undefined, { ...filter, cursor })}>
                    Go on
                  </a>
                )}
                {filter.cursor !== undefined && (
                  <a class="link" href={href('dead', undefined, { ...filter, cursor: undefined })}>
                    Newest
                  </a>
                )}
              </p>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

const COLUMNS = (query: DeadQuery, open: string | undefined) => [
  {
    head: 'Error',
    class: 'two',
    cell: ({ key, error, task }: DeadGroupView) => (
      <>
        <a
          class="name row"
          href={href('dead', key === open ? undefined : key, { ...query })}
          aria-expanded={key === open}
        >
          <Icon name={key === open ? 'less' : 'more'} />
          <span class={key === open ? '' : 'cut'}>{error || '(no text)'}</span>
        </a>
        <span class="sub">{task ?? '–'}</span>
      </>
    ),
  },
  {
    head: 'Task',
    m: 1 as const,
    width: 250,
    cell: ({ task, code }: DeadGroupView) => (
      <>
        {task ?? '–'} {code !== 'TASK_FAILED' && <span class="tag">{code}</span>}
      </>
    ),
  },
  { head: 'Dead', num: true, width: 64, cell: ({ count }: DeadGroupView) => n(count) },
  {
    head: '24 h',
    m: 1 as const,
    width: 116,
    class: 'gap',
    cell: ({ hours }: DeadGroupView) => <Columns values={hours} state="dead" />,
  },
  {
    head: 'First',
    num: true,
    m: 0 as const,
    width: 108,
    cell: ({ first }: DeadGroupView) => <Ago at={first} form="for" />,
  },
  { head: 'Last', num: true, width: 92, cell: ({ last }: DeadGroupView) => <Ago at={last} form="for" /> },
];

function Filter({ query }: { readonly query: Readonly<Record<string, string | undefined>> }): JSX.Element {
  const { snapshot } = useSnapshot();
  const queues = snapshot?.queues.map(({ queue }) => queue) ?? [];
  const set = (name: string) => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement;
    go('dead', undefined, { ...query, cursor: undefined, [name]: value.trim() || undefined });
  };
  const field = (name: string, label: string): JSX.Element => (
    <input
      type="search"
      key={`${name} ${query[name] ?? ''}`}
      aria-label={label}
      placeholder={label}
      defaultValue={query[name] ?? ''}
      onChange={set(name)}
    />
  );
  return (
    <div class="row wrap filter">
      <Chips
        label="Died"
        value={query.since ?? ''}
        options={TIMES}
        to={(since) => href('dead', undefined, { ...query, since, cursor: undefined })}
      />
      <select aria-label="Queue" value={query.queue ?? ''} onChange={set('queue')}>
        <option value="">all queues</option>
        {[...new Set([...queues, ...(query.queue ? [query.queue] : [])])].map((queue) => (
          <option key={queue} value={queue}>
            {queue}
          </option>
        ))}
      </select>
      {field('task', 'Task name')}
      {field('code', 'Code')}
      {field('error', 'Text of the error')}
    </div>
  );
}

function Nothing({ isFiltered, left }: { readonly isFiltered: boolean; readonly left: number }): JSX.Element {
  if (left > 0) return <p class="dim">None found so far.</p>;
  if (!isFiltered) return <Empty title="No task is dead." />;
  return (
    <Empty title="No dead task matches.">
      <p>
        <a class="link" href={href('dead')}>
          Show all
        </a>
      </p>
    </Empty>
  );
}

export const screen: Screen = {
  name: 'dead',
  title: 'Dead',
  icon: 'dead',
  view: Dead,
  // a stock is no fault: it is red while it grows
  count: ({ dead, findings }) =>
    dead.total > 0
      ? { text: brief(dead.total), state: findings.find(({ code }) => code === 'dead-tasks')?.state }
      : undefined,
};
