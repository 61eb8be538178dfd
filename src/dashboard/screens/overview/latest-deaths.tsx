import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { Ago, All, type Column, Loaded, n, Rows, Section } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import type { DeadGroupsView, DeadGroupView } from '../dead/wire.js';

const MOST = 5;
/** An overview must not cost as much as a search. */
const LOOK = 100;

/** What died within a day, by error, the latest first. */
export function LatestDeaths({ total }: { readonly total: number }): JSX.Element {
  const reading = useRead<DeadGroupsView>(
    total > 0 ? 'dead/groups' : undefined,
    { since: '24h', look: LOOK },
    { everyMs: 15_000 },
  );
  const left = reading.data?.left ?? 0;
  if (total === 0) {
    return (
      <Section title="Latest deaths">
        <p class="dim">No task is dead.</p>
      </Section>
    );
  }
  return (
    <Section
      title="Latest deaths"
      hint={`by error, 24 h${left ? `, the last ${n(reading.data?.looked ?? 0)}` : ''}`}
      side={<All of="dead" count={total} />}
    >
      <Loaded of={reading}>
        {({ groups }) =>
          groups.length === 0 ? (
            <p class="dim">No dead task died within 24 h.</p>
          ) : (
            <Rows
              label="Latest deaths"
              rows={groups.toSorted((a, b) => Date.parse(b.last) - Date.parse(a.last)).slice(0, MOST)}
              columns={COLUMNS}
              id={({ key }) => key}
              to={addressOf}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

const addressOf = ({ key }: DeadGroupView): string => href('dead', key);

const COLUMNS: readonly Column<DeadGroupView>[] = [
  {
    head: 'Error',
    class: 'two',
    cell: (group) => (
      <>
        <div class="cut">
          <a class="name" href={addressOf(group)}>
            {group.error}
          </a>
        </div>
        <div class="cut dim">
          <small>{group.task ?? group.code}</small>
        </div>
      </>
    ),
  },
  { head: 'Dead', num: true, cell: ({ count }) => n(count) },
  { head: 'Last', num: true, cell: ({ last }) => <Ago at={last} form="for" /> },
];
