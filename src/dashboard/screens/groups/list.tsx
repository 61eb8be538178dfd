import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { Ago, Chips, counted, Do, Empty, Loaded, n, Rows, State, Title } from '../../page/parts/index.js';
import { go, href, type Query, usePlace } from '../../page/router.js';
import { Progress, wordsOf } from './progress.js';
import { GROUP_GLYPHS } from './states.js';
import type { GroupLine, GroupsPage } from './wire.js';

const KINDS = { '': 'batches and flows', batch: 'batches', flow: 'flows' };
const STATES = ['', 'open', 'failed', 'done', 'cancelled', 'expired', 'abandoned'] as const;

/** Batches and flows, the latest first. */
export function List(): JSX.Element {
  const { query } = usePlace();
  const { kind, state, cursor } = query;
  const page = useRead<GroupsPage>('groups', { kind, state, cursor }, { everyMs: 4_000 });
  const to = (change: Query): string => href('groups', undefined, { kind, state, ...change });
  return (
    <>
      <Title>Batches and flows</Title>
      <div class="filters">
        <Chips
          label="Kind"
          value={kind ?? ''}
          to={(value) => to({ kind: value || undefined })}
          options={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
        />
        <Chips
          label="State"
          value={state ?? ''}
          to={(value) => to({ state: value || undefined })}
          options={STATES.map((value) => ({
            value,
            label: value || 'any state',
            state: value ? GROUP_GLYPHS[value] : undefined,
          }))}
        />
      </div>
      <Loaded of={page}>
        {(data) => (
          <>
            {data.groups.length > 0 && <Table groups={data.groups} />}
            <Looked page={data} query={query} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Table({ groups }: { readonly groups: readonly GroupLine[] }): JSX.Element {
  return (
    <Rows
      label="Batches and flows"
      class="groups"
      rows={groups}
      id={({ id }) => id}
      to={({ id }) => href('groups', id)}
      columns={[
        { head: 'State', class: 'c-st', cell: ({ state }) => <State of={GROUP_GLYPHS[state]} word={state} /> },
        {
          head: 'Name, or id',
          cell: (group) => (
            <>
              <a class={`name ${group.name ? '' : 'mono'}`} href={href('groups', group.id)}>
                {group.name || group.id}
              </a>
              <span class="sub">
                {group.kind}, {wordsOf(group)}
                <span class="phone">
                  <Progress of={group} />
                </span>
              </span>
            </>
          ),
        },
        { head: 'Kind', m: 1, width: 70, cell: ({ kind }) => <span class="dim">{kind}</span> },
        { head: 'Progress', m: 0, width: 160, cell: (group) => <Progress of={group} /> },
        { head: 'Tasks', m: 1, class: 'gap', cell: (group) => <span class="dim">{wordsOf(group)}</span> },
        {
          head: 'Failed first',
          m: 2,
          cell: ({ culprit }) =>
            culprit ? <span data-tip={culprit.error}>{culprit.task}</span> : <span class="dim">–</span>,
        },
        {
          head: 'Age',
          num: true,
          class: 'c-a',
          cell: ({ openedAt }) => (openedAt ? <Ago at={openedAt} form="for" /> : '–'),
        },
      ]}
    />
  );
}

/** How far the list has looked. It says that there is nothing only once it has looked at all. */
function Looked({
  page: { groups, cursor, looked, left },
  query,
}: {
  readonly page: GroupsPage;
  readonly query: Query;
}): JSX.Element | null {
  const { kind, state } = query;
  const isFiltered = kind !== undefined || state !== undefined;
  if (groups.length === 0 && cursor === undefined && query.cursor === undefined) {
    return isFiltered ? (
      <Empty title={`No ${kind ?? 'batch and no flow'} matches.`}>
        <p>Looked at all {n(looked)}. They are kept until a day after their end.</p>
      </Empty>
    ) : (
      <Empty title="No batch and no flow is there.">
        <p>
          <code>queue.batch()</code> sends many tasks and counts them; <code>queue.flow()</code> lets tasks wait for the
          results of others. They are listed here until a day after their end.
        </p>
      </Empty>
    );
  }
  return (
    <div class="looked" role="status">
      <span>
        <b>
          {n(groups.length)} {isFiltered ? 'found' : 'shown'}.
        </b>{' '}
        {left > 0 ? `${counted(left, 'earlier one')} to look at.` : 'No earlier one is kept.'}
      </span>
      {cursor !== undefined && (
        <Do kind="main" small letter="g" run={() => go('groups', undefined, { kind, state, cursor })}>
          Go on
        </Do>
      )}
      {query.cursor !== undefined && (
        <a class="btn small" href={href('groups', undefined, { kind, state })}>
          Latest
        </a>
      )}
    </div>
  );
}
