import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { Ago, Empty, Loaded, n, Rows, Title } from '../../page/parts/index.js';
import { go, href, usePlace } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import type { ActionLine, ActionsPage } from './wire.js';

const STEP = 50;
const MOST = 1_000;

function Actions(): JSX.Element {
  const { query } = usePlace();
  const { action, by } = query;
  const limit = Math.max(STEP, Math.min(Number(query.limit) || STEP, MOST));
  const page = useRead<ActionsPage>('actions', { action, by, limit }, { everyMs: 5_000 });
  const isFiltered = action !== undefined || by !== undefined;
  return (
    <>
      <Title side={<span class="dim m0">the last {n(MOST)} of people and programs are kept</span>}>Actions</Title>
      <Loaded of={page}>
        {({ actions, more, kinds }) => (
          <>
            <div class="chips">
              <label class="row">
                <span class="dim">Action</span>
                <select
                  value={action ?? ''}
                  onChange={(event) => go('actions', undefined, { action: event.currentTarget.value, by })}
                >
                  <option value="">all</option>
                  {kinds.map((kind) => (
                    <option key={kind}>{kind}</option>
                  ))}
                </select>
              </label>
              {by !== undefined && (
                <a class="chip" href={href('actions', undefined, { action })}>
                  by {by} <span aria-hidden="true">×</span>
                  <span class="sr">, show all people</span>
                </a>
              )}
            </div>
            {actions.length === 0 ? <Nothing isFiltered={isFiltered} /> : <Table actions={actions} action={action} />}
            {more && (
              <p class="more">
                <a class="btn" href={href('actions', undefined, { action, by, limit: Math.min(limit + 100, MOST) })}>
                  Show more
                </a>
              </p>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  if (!isFiltered) {
    return (
      <Empty title="Nobody has done anything yet.">
        <p>
          Pauses, redrives, deletions and all other actions of this dashboard, of <code>npx nestwork</code> and of{' '}
          <code>Inspector</code> are listed here.
        </p>
      </Empty>
    );
  }
  return (
    <p class="dim">
      No action of the last {n(MOST)} matches.{' '}
      <a class="link" href={href('actions')}>
        Show all
      </a>
    </p>
  );
}

function Table({
  actions,
  action,
}: {
  readonly actions: readonly ActionLine[];
  readonly action: string | undefined;
}): JSX.Element {
  return (
    <Rows
      label="Actions"
      class="actions"
      rows={actions}
      id={({ id }) => id}
      columns={[
        { head: 'When', width: 124, cell: ({ at }) => <Ago at={at} /> },
        {
          head: 'By',
          m: 0,
          width: 160,
          cell: ({ by }) =>
            by === undefined ? (
              <span class="dim">an app</span>
            ) : (
              <a class="cut" href={href('actions', undefined, { action, by })}>
                {by}
              </a>
            ),
        },
        { head: 'Action', width: 110, m: 0, cell: (line) => line.action },
        { head: 'Count', width: 70, num: true, m: 0, cell: ({ count }) => n(count) },
        {
          head: 'On',
          class: 'gap',
          cell: (line) => (
            <>
              <div class="phone dim">
                {line.by ?? 'an app'}: {line.action}
                {line.count > 1 && `, ${n(line.count)}`}
              </div>
              <Subject line={line} />
              {line.details && <span class="dim">: {line.details}</span>}
            </>
          ),
        },
      ]}
    />
  );
}

/** With a link to the thing, where it is one. */
function Subject({ line: { to, subject } }: { readonly line: ActionLine }): JSX.Element {
  return to === undefined ? (
    <span class="wrap-any">{subject}</span>
  ) : (
    <a class="name wrap-any" href={href(...to)}>
      {subject}
    </a>
  );
}

export const screen: Screen = { name: 'actions', title: 'Actions', icon: 'actions', view: Actions };
