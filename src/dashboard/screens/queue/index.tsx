import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import {
  Ago,
  Chart,
  Charts,
  Depth,
  dur,
  Estimated,
  Fact,
  FaultChart,
  FlowChart,
  Head,
  Loaded,
  Note,
  n,
  Rows,
  Section,
  Spans,
  State,
  useSpan,
} from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import { WorkerStrip } from '../overview/worker-strip.js';
import { Pause, QueueActions, type QueueLine } from '../queues/queue-actions.js';
import { faultOf, stateOf, waited } from '../queues/queue-words.js';
import type { QueueAnswer, QueueChart } from './wire.js';

function Queue(): JSX.Element {
  const { arg: queue = '' } = usePlace();
  const { snapshot } = useSnapshot();
  const span = useSpan();
  const answer = useRead<QueueAnswer>('queue', { queue, span }, { everyMs: 5_000 });
  const line = snapshot?.queues.find((each) => each.queue === queue);
  const workers = snapshot?.workers.filter(({ queues }) => queues.includes(queue)) ?? [];
  return (
    <>
      {line && <Now of={line} limit={answer.data?.limit} />}
      <Loaded of={answer}>
        {({ chart, next, names }) => (
          <>
            <Section title="Flow" side={<Spans />}>
              <Flow of={chart} label={`last ${span}`} />
            </Section>
            <div class="cols">
              <Section
                title="Next"
                side={
                  <a class="link" href={href('tasks', undefined, { queue })}>
                    all its tasks
                  </a>
                }
              >
                {next.length === 0 ? (
                  <p class="dim">Nothing waits.</p>
                ) : (
                  <Rows
                    label="Next tasks"
                    rows={next}
                    id={({ id }) => id}
                    to={({ id }) => href('task', id)}
                    columns={[
                      {
                        head: 'Task',
                        cell: ({ id, task }) => (
                          <a class="name" href={href('task', id)}>
                            {task ?? <code>{id}</code>}
                          </a>
                        ),
                      },
                      { head: 'Id', m: 1, cell: ({ id }) => <code>{id}</code> },
                      {
                        head: 'Waits for',
                        num: true,
                        cell: ({ at }) => (at === null ? '–' : <Ago at={at} form="for" />),
                      },
                    ]}
                  />
                )}
              </Section>
              <Section title="Task names" hint="last hour">
                {names.length === 0 ? (
                  <p class="dim">No task of it has run.</p>
                ) : (
                  <Rows
                    label="Task names"
                    rows={names}
                    id={({ task }) => task}
                    to={({ task }) => href('names', task)}
                    columns={[
                      {
                        head: 'Name',
                        cell: ({ task }) => (
                          <a class="name" href={href('names', task)}>
                            {task}
                          </a>
                        ),
                      },
                      { head: 'Done', num: true, cell: ({ done }) => n(done) },
                      { head: 'Failed', num: true, cell: ({ failed }) => (failed === 0 ? '–' : n(failed)) },
                      { head: <Estimated>p95</Estimated>, num: true, cell: ({ p95Ms }) => dur(p95Ms) },
                    ]}
                  />
                )}
              </Section>
            </div>
          </>
        )}
      </Loaded>
      {snapshot && (
        <WorkerStrip workers={workers} none="No worker serves it. Start the app in worker mode with this queue." />
      )}
    </>
  );
}

function Now({
  of: line,
  limit,
}: {
  readonly of: QueueLine;
  readonly limit: QueueAnswer['limit'] | undefined;
}): JSX.Element {
  const { queue, paused, pending, heldBack, scheduled, dead, deadLastHour, workers, reason } = line;
  const [state, fault] = [stateOf(line), faultOf(line)];
  return (
    <section>
      <Head
        title={
          <>
            {queue}
            <State of={state} word={paused ? 'paused' : (fault ?? 'consumed')} />
          </>
        }
        facts={
          <>
            <Fact name={<Depth of={pending} state={state === 'done' ? undefined : state} />} more=" wait">
              {n(pending)}
            </Fact>
            {heldBack > 0 && <Fact more=" held back">{n(heldBack)}</Fact>}
            {limit && (
              <Fact name="limit">
                <a href={href('limits', limit.name)}>{limit.allows}</a>
              </Fact>
            )}
            <Fact name="oldest">{waited(line)}</Fact>
            <Fact more=" scheduled">{n(scheduled)}</Fact>
            <Fact more={workers === 1 ? ' worker' : ' workers'}>{n(workers)}</Fact>
            <a href={href('dead', undefined, { queue })}>
              <Fact more=" dead">{n(dead)}</Fact>
            </a>
            {deadLastHour > 0 && <Fact more=" died in the last hour">{n(deadLastHour)}</Fact>}
          </>
        }
      >
        <QueueActions queue={line} />
      </Head>
      {paused && (
        <Note state="held">
          <Pause of={paused} />
        </Note>
      )}
      {fault && reason && <Note state="dead">{`${reason[0]?.toUpperCase()}${reason.slice(1)}.`}</Note>}
    </section>
  );
}

/** What flows is counted a minute, over whatever time. */
function Flow({ of, label }: { readonly of: QueueChart; readonly label: string }): JSX.Element {
  return (
    <Charts at={of.at} label={label}>
      <FlowChart in={of.in} out={of.out} />
      <Chart title="Waiting" series={[{ name: 'wait', values: of.waiting, look: 'area' }]} />
      <Chart title="Oldest" format={dur} log series={[{ name: 'oldest', values: of.oldestMs, look: 'data' }]} />
      <FaultChart title="Deaths / min" name="dead" values={of.dead} />
    </Charts>
  );
}

export const screen: Screen = { name: 'queue', title: 'Queue', under: 'queues', view: Queue };
