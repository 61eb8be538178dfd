import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import { counted, Empty, Loaded, Rows, Title } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { OfQueue } from './set.js';
import { More, Rest, STANDING, Stopped, stopOf } from './standing.js';
import type { LimitLine, LimitsPage } from './wire.js';

/** All limits, by name. */
export function List(): JSX.Element {
  const { query } = usePlace();
  const { snapshot } = useSnapshot();
  const page = useRead<LimitsPage>('limits', { cursor: query.cursor }, { everyMs: 4_000 });
  return (
    <>
      <Title side={<OfQueue queues={snapshot?.queues.map(({ queue }) => queue) ?? []} />}>Limits</Title>
      <Loaded of={page}>
        {({ limits, cursor }) => (
          <>
            {limits.length > 0 ? <Table limits={limits} /> : query.cursor === undefined && <Nothing />}
            <More cursor={cursor} query={query} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Table({ limits }: { readonly limits: readonly LimitLine[] }): JSX.Element {
  return (
    <Rows
      label="Limits"
      class="limits"
      rows={limits}
      id={({ name }) => name}
      to={({ name }) => href('limits', name)}
      state={(limit) => (stopOf(limit) ? 'held' : undefined)}
      columns={[
        {
          head: 'Limit',
          cell: (limit) => (
            <>
              <a class="name wrap-any" href={href('limits', limit.name)}>
                {limit.name}
              </a>
              <Stopped of={limit} />
              {limit.ownKeys > 0 && <span class="tag">{counted(limit.ownKeys, 'key')} set or stopped</span>}
              <span class="sub">
                {declaredOf(limit)}
                <Rest of={limit} />
              </span>
            </>
          ),
        },
        { head: 'Declared', m: 1, cell: declaredOf },
        ...STANDING,
      ]}
    />
  );
}

/** `5 at once, for each key` */
function declaredOf({ declared, keyed, ordered }: LimitLine): string {
  return `${declared}${keyed ? ', for each key' : ''}${ordered ? ', in order' : ''}`;
}

function Nothing(): JSX.Element {
  return (
    <Empty title="No worker declares a limit.">
      <p>
        <code>{"@Task({ limits: [{ name: 'stripe', concurrency: 5 }] })"}</code> lets five tasks of it run at once, in
        the whole cluster. A queue takes <code>limit</code>.
      </p>
    </Empty>
  );
}
