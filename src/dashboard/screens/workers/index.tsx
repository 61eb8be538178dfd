import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Snapshot, useSnapshot } from '../../page/live.js';
import {
  Ago,
  type Column,
  counted,
  Empty,
  Fact,
  Glyph,
  Head,
  Loading,
  Note,
  n,
  QueueLink,
  Rows,
  State,
  size,
  Title,
} from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { heading, type Screen } from '../../page/screen.js';
import { type Child, ChildOrders, type Worker, WorkerOrders } from './worker-orders.js';

/** Workers that are drawn at once: a page of hundreds of tables would be slow with each picture. */
const AT_ONCE = 20;
/** Tasks of a child that the list shows; the page of its worker shows all. */
const MOST_TASKS = 3;

function Workers(): JSX.Element {
  const { snapshot } = useSnapshot();
  const { arg } = usePlace();
  const [shown, show] = useState(AT_ONCE);
  if (!snapshot) {
    return <Loading />;
  }
  const { workers, lapsed } = snapshot;
  const gone = lapsed.map(({ id, host, pid, at, text }) => (
    <Note key={id} state="held">
      <p>
        <b>
          {host}, pid {pid}
        </b>{' '}
        lost its lease <Ago at={at} />. {text}
      </p>
    </Note>
  ));
  if (workers.length === 0)
    return (
      <>
        <NoWorker />
        {gone}
      </>
    );
  if (arg !== undefined) return <One id={arg} snapshot={snapshot} />;
  const children = workers.reduce((sum, { forked }) => sum + forked, 0);
  const running = workers.reduce((sum, worker) => sum + worker.running, 0);
  const sorted = [...workers].sort((a, b) => rank(a, snapshot) - rank(b, snapshot));
  return (
    <>
      <Title>
        {counted(workers.length, 'worker')}, {counted(children, 'child', 'children')}, {counted(running, 'active task')}
      </Title>
      {gone}
      {sorted.slice(0, shown).map((worker) => (
        <Machine key={worker.id} worker={worker} snapshot={snapshot} />
      ))}
      {sorted.length > shown && (
        <p class="more">
          <button type="button" onClick={() => show(shown + AT_ONCE)}>
            Show {Math.min(AT_ONCE, sorted.length - shown)} more of {n(sorted.length)}
          </button>
        </p>
      )}
    </>
  );
}

function NoWorker(): JSX.Element {
  return (
    <Empty title="No worker runs.">
      <p>
        Tasks that were sent wait in Redis until one starts: run the app in worker mode. A worker is listed here as soon
        as it has its lease.
      </p>
    </Empty>
  );
}

function One({ id, snapshot }: { readonly id: string; readonly snapshot: Snapshot }): JSX.Element {
  const worker = snapshot.workers.find((each) => each.id === id);
  // at each drawing: the frame takes it back when the view changes
  useEffect(() => heading.set(worker?.host));
  if (worker) return <Machine worker={worker} snapshot={snapshot} whole />;
  return (
    <Empty title="This worker is gone.">
      <p>
        No worker whose lease runs has the id <code>{id}</code>: it has ended, or it lost its lease and goes on under
        another id.
      </p>
      <p class="next">
        <a class="btn" href={href('workers')}>
          All workers
        </a>
      </p>
    </Empty>
  );
}

const troubleOf = ({ id }: Worker, { findings }: Snapshot): Snapshot['findings'][number] | undefined =>
  findings.find(({ worker }) => worker === id);

/** What needs somebody comes first. */
function rank(worker: Worker, snapshot: Snapshot): number {
  return ['dead', 'held', undefined].indexOf(troubleOf(worker, snapshot)?.state);
}

/** A worker with its children. */
function Machine({
  worker,
  snapshot,
  whole = false,
}: {
  readonly worker: Worker;
  readonly snapshot: Snapshot;
  readonly whole?: boolean;
}): JSX.Element {
  const trouble = troubleOf(worker, snapshot);
  const { id, host, state, inProcess, children, forked, restarted, restarts } = worker;
  return (
    <section class="machine">
      <Head
        as={whole ? 'h1' : 'h2'}
        title={
          <>
            {state === 'running' ? (
              <Glyph of={trouble ? 'dead' : 'done'} />
            ) : (
              <State of={state === 'unknown' ? 'pending' : 'quiet'} word={state} />
            )}
            <a href={href('workers', id)}>{host}</a>
            {inProcess && <span class="tag">in the app</span>}
          </>
        }
        facts={<Facts worker={worker} />}
      >
        <WorkerOrders worker={worker} />
      </Head>
      {trouble && (
        <Note state={trouble.state}>
          <p>{trouble.text}</p>
        </Note>
      )}
      {children.length > 0 && (
        <Rows
          label={`Children of ${host}`}
          class="kids"
          rows={children}
          columns={columnsOf(worker, whole)}
          id={({ pid }) => String(pid)}
        />
      )}
      {forked > children.length && <p class="dim more">{n(forked - children.length)} more children.</p>}
      {restarted > 0 && (
        <div class="restarts">
          <p class="dim">
            {counted(restarted, 'child was', 'children were')} replaced or ended since its start. The last:
          </p>
          <ul>
            {restarts.slice(0, whole ? undefined : 2).map(({ pid, at, reason, crashed }) => (
              <li key={`${pid} ${at}`}>
                <Glyph of={crashed ? 'failed' : 'retry'} />
                <span>
                  child {pid}, <Ago at={at} />: {crashed ? 'crashed, ' : ''}
                  {reason}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function Facts({ worker }: { readonly worker: Worker }): JSX.Element {
  const {
    id,
    pid,
    queues,
    app,
    appVersion,
    version,
    startedAt,
    renewedAt,
    seenAt,
    memory,
    memoryLimit,
    range,
    forked,
    lastOrder,
  } = worker;
  return (
    <>
      <Fact name="serves">
        {queues.map((queue, i) => (
          <span key={queue}>
            {i > 0 && ', '}
            <QueueLink of={queue} />
          </span>
        ))}
      </Fact>
      <Fact name="pid">{pid}</Fact>
      {app && <Fact name={app}>{appVersion}</Fact>}
      {version && <Fact name="nestwork">{version}</Fact>}
      {startedAt && (
        <Fact name="up">
          <Ago at={startedAt} form="for" />
        </Fact>
      )}
      {seenAt && (
        <Fact name="seen">
          <Ago at={seenAt} />
        </Fact>
      )}
      <Fact name="lease renewed">
        <Ago at={renewedAt} />
      </Fact>
      {memory > 0 && <Fact name="memory">{size(memory)}</Fact>}
      {memoryLimit && <Fact name="a child at most">{size(memoryLimit)}</Fact>}
      <Fact name="children">{range ? `${n(forked)} of ${range.min}–${range.max}` : n(forked)}</Fact>
      {lastOrder && (
        <Fact name={`${lastOrder.action} by`} more={[' ', <Ago key="at" at={lastOrder.at} />]}>
          {lastOrder.by}
        </Fact>
      )}
      <span>
        id <code>{id.slice(0, 8)}</code>
      </span>
    </>
  );
}

function columnsOf(worker: Worker, whole: boolean): readonly Column<Child>[] {
  return [
    {
      head: 'Child',
      width: 96,
      cell: ({ pid, state, memory }) => (
        <>
          <span class="nw">
            <span class="dimmer m0">pid </span>
            {pid}
          </span>
          {state !== 'running' && <span class="tag held">{state}</span>}
          <span class="sub">{memory === undefined ? '–' : size(memory)}</span>
        </>
      ),
    },
    { head: 'Memory', width: 90, num: true, m: 0, cell: ({ memory }) => (memory === undefined ? '–' : size(memory)) },
    { head: 'Done', width: 84, num: true, m: 1, cell: ({ done }) => (done === undefined ? '–' : n(done)) },
    { head: 'Up', width: 96, num: true, m: 1, cell: ({ startedAt }) => <Ago at={startedAt} form="for" /> },
    {
      head: 'Runs now',
      class: 'gap',
      cell: (child) => <Tasks child={child} most={whole ? child.running : MOST_TASKS} />,
    },
    {
      head: '',
      width: 84,
      class: 'act',
      ...(!whole && { m: 0 }),
      cell: (child) => <ChildOrders worker={worker} child={child} />,
    },
  ];
}

/** The tasks of a child, those first that have run longest. */
function Tasks({ child, most }: { readonly child: Child; readonly most: number }): JSX.Element {
  const { active, running } = child;
  if (running === 0) return <span class="dimmer">idle</span>;
  const shown = active.slice(0, most);
  return (
    <ul class="runs-now">
      {shown.map(({ id, name, since }) => (
        <li key={id}>
          <a class="name cut" href={href('task', id)}>
            {name ?? id}
          </a>
          <span class="dim nw">
            for <Ago at={since} form="for" />
          </span>
        </li>
      ))}
      {running > shown.length && <li class="dim">{n(running - shown.length)} more</li>}
    </ul>
  );
}

export const screen: Screen = {
  name: 'workers',
  title: 'Workers',
  icon: 'workers',
  view: Workers,
  count: ({ workers, findings }) => {
    if (workers.length === 0) return { text: '0', state: 'dead' };
    const crashing = findings.filter(({ code }) => code === 'worker-crashing').length;
    if (crashing > 0) return { text: `${crashing} crash`, state: 'dead' };
    const idle = workers.filter(({ state }) => state === 'quiet').length;
    return idle > 0 ? { text: `${idle} quiet`, state: 'held' } : { text: n(workers.length) };
  },
};
