import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { act, useRead } from '../../page/api.js';
import { Ago, ArgumentLine, Do, Empty, Loaded, Note, n, Rows, Stack } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import { deleteAll, redriveAll } from './act.js';
import { redriveEdited } from './edit.js';
import type { DeadGroupView, DeadQuery, DeadRow, DeadRowsView } from './wire.js';

interface GroupProps {
  /** undefined for one that is not among those that were looked at */
  readonly group: DeadGroupView | undefined;
  /** the filter of the page, with the group */
  readonly query: DeadQuery;
}

/** An error that is open: whether it still happens, what can be done, its stack and the tasks that died of it. */
export function Group({ group, query }: GroupProps): JSX.Element {
  const [cursor, setCursor] = useState<string>();
  const read = useRead<DeadRowsView>('dead/list', { ...query, limit: 10, cursor }, { everyMs: 10_000 });
  const count = group ? ` ${n(group.count)}` : '';
  return (
    <Loaded of={read}>
      {({ rows, cursor: next, looked, left }) => {
        const first = rows[0];
        if (!first && next === undefined && cursor === undefined) return <Gone />;
        return (
          <>
            {group !== undefined && group.lastMinute > 0 && (
              <Note state="dead" title={`Still happening: ${n(group.lastMinute)} in the last minute.`}>
                What is redriven now would most likely die again. Try one first.
              </Note>
            )}
            <div class="row wrap">
              <Do kind="main" right="redrive-edited" letter="e" run={() => first && redriveEdited(first)}>
                Redrive one, edited…
              </Do>
              <Do right="redrive" kind="plain" run={() => redriveAll(query)}>
                Redrive all{count}…
              </Do>
              <Do right="delete" kind="grave" run={() => deleteAll(query)}>
                Delete{count || ' all'}…
              </Do>
            </div>
            {group && <Stack text={group.stack ?? group.text} />}
            <Rows label="Tasks that died of it" class="inner" rows={rows} id={({ id }) => id} columns={COLUMNS} />
            <p class="dim">
              {next === undefined ? '' : `Looked at ${n(looked)} of ${n(looked + left)} for these. `}
              {next !== undefined && (
                <button type="button" class="bare small" onClick={() => setCursor(next)}>
                  Go on
                </button>
              )}
              {cursor !== undefined && (
                <button type="button" class="bare small" onClick={() => setCursor(undefined)}>
                  Newest
                </button>
              )}
            </p>
          </>
        );
      }}
    </Loaded>
  );
}

function Gone(): JSX.Element {
  return (
    <Empty title="No task of this error is dead any more.">
      <p>
        <a class="link" href={href('dead')}>
          Show all
        </a>
      </p>
    </Empty>
  );
}

const COLUMNS = [
  {
    head: 'Id',
    class: 'mono c-id',
    cell: ({ id, args }: DeadRow) => (
      <>
        <a class="name" href={href('task', id)}>
          {id}
        </a>
        {args && (
          <div class="phone cut">
            <ArgumentLine line={args} />
          </div>
        )}
      </>
    ),
  },
  {
    head: 'Arguments',
    m: 0 as const,
    class: 'two cut',
    cell: ({ args }: DeadRow) => (args ? <ArgumentLine line={args} /> : '–'),
  },
  { head: 'Attempt', width: 70, num: true, m: 1 as const, cell: ({ attempt }: DeadRow) => attempt ?? '–' },
  { head: 'Where', width: 110, m: 1 as const, cell: ({ host }: DeadRow) => host || '–' },
  { head: 'Died', width: 84, num: true, cell: ({ diedAt }: DeadRow) => <Ago at={diedAt} form="for" /> },
  {
    head: '',
    class: 'act',
    width: 76,
    cell: ({ id }: DeadRow) => (
      <Do right="redrive" small label={`Redrive ${id}`} run={() => act('dead/redrive', { id })}>
        Redrive
      </Do>
    ),
  },
];
