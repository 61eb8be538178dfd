import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import { brief, Chips, Empty, Loaded, n } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import { TaskBulk } from '../tasks/bulk.js';
import { TaskTable } from '../tasks/task-table.js';
import type { ScheduledRows } from '../tasks/wire.js';

function Scheduled(): JSX.Element {
  const { query } = usePlace();
  const { snapshot } = useSnapshot();
  const { queue = '' } = query;
  const list = useRead<ScheduledRows>('scheduled', { queue }, { everyMs: 4_000 });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const queues = (snapshot?.queues ?? []).filter((one) => one.scheduled > 0 || one.queue === queue);
  return (
    <>
      <h1 class="sr">Scheduled tasks</h1>
      <Chips
        label="Queue"
        value={queue}
        to={(value) => href('scheduled', undefined, { ...query, queue: value || undefined })}
        options={[
          { value: '', label: 'all queues' },
          ...queues.map((one) => ({ value: one.queue, label: one.queue, count: brief(one.scheduled) })),
        ]}
      />
      <Loaded of={list}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty title="No task waits for its time.">
              <p>
                A task that is sent with <code>delay</code> or <code>eta</code> stands here until it is due, and one
                that failed until its next attempt.
              </p>
            </Empty>
          ) : (
            <>
              <TaskTable label="Scheduled tasks" rows={rows} selected={selected} onSelect={setSelected} />
              <div class="looked" role="status">
                <span>
                  <b>
                    {rows.length < total ? `The next ${n(rows.length)}` : `All ${n(total)}`}
                    {rows.length < total && ` of ${n(total)}`}.
                  </b>
                </span>
                {rows.length < total && (
                  <a class="btn small" href={href('tasks', undefined, { ...query, state: 'scheduled' })}>
                    Search them
                  </a>
                )}
              </div>
              <TaskBulk
                rows={rows}
                selected={selected}
                query={{ ...query, state: 'scheduled' }}
                isPart={selected.size < total}
                clear={() => setSelected(new Set())}
              />
            </>
          )
        }
      </Loaded>
    </>
  );
}

export const screen: Screen = {
  name: 'scheduled',
  title: 'Scheduled',
  icon: 'scheduled',
  view: Scheduled,
  count: ({ queues }) => ({ text: brief(queues.reduce((all, { scheduled }) => all + scheduled, 0)) }),
};
