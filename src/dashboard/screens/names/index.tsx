import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import {
  Chart,
  Charts,
  Columns,
  dur,
  Empty,
  Estimated,
  Fact,
  FaultChart,
  Loaded,
  n,
  QueueLink,
  Rows,
  Section,
  Spans,
  Tip,
  useSpan,
} from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import { Histogram } from './histogram.js';
import type { NameAnswer, NameLine, NamesAnswer } from './wire.js';

function Names(): JSX.Element {
  const { arg } = usePlace();
  return arg === undefined ? <All /> : <One task={arg} />;
}

function All(): JSX.Element {
  const span = useSpan();
  const answer = useRead<NamesAnswer>('names', { span }, { everyMs: 15_000 });
  return (
    <Section title="Task names" isPage hint="by how often they ended" side={<Spans />}>
      <Loaded of={answer}>
        {({ names, idle }) => (
          <>
            {names.length === 0 ? (
              <Empty title={`No task has run in the last ${span}.`}>
                Counts appear within 2 s of the first attempt.
              </Empty>
            ) : (
              <Rows
                label="Task names"
                rows={names}
                id={({ queue, task }) => `${queue} ${task}`}
                to={({ task }) => href('names', task, { span })}
                columns={[
                  {
                    head: 'Name',
                    cell: (line) => (
                      <>
                        <a class="name" href={href('names', line.task, { span })}>
                          {line.task}
                        </a>
                        <span class="sub">
                          {line.queue}, {n(line.done)} done, {n(line.failed)} failed, p95 {time(line.duration, 'p95Ms')}
                        </span>
                      </>
                    ),
                  },
                  { head: 'Queue', m: 1, cell: ({ queue }) => <QueueLink of={queue} /> },
                  { head: 'Done', num: true, m: 0, cell: ({ done }) => n(done) },
                  { head: 'Fail', num: true, cell: (line) => <Rate of={line} /> },
                  { head: 'Dead', num: true, m: 0, cell: ({ dead }) => (dead === 0 ? '–' : n(dead)) },
                  {
                    head: <Estimated>Run p50</Estimated>,
                    num: true,
                    m: 0,
                    cell: ({ duration }) => time(duration, 'p50Ms'),
                  },
                  { head: <Estimated>p95</Estimated>, num: true, cell: ({ duration }) => time(duration, 'p95Ms') },
                  {
                    head: <Estimated>p99</Estimated>,
                    num: true,
                    m: 1,
                    cell: ({ duration }) => time(duration, 'p99Ms'),
                  },
                  {
                    head: <Estimated>Wait p95</Estimated>,
                    num: true,
                    m: 0,
                    cell: ({ waiting }) => time(waiting, 'p95Ms'),
                  },
                  {
                    head: 'Run times',
                    m: 1,
                    class: 'gap',
                    cell: ({ counts }) => <Columns values={counts} />,
                  },
                ]}
              />
            )}
            {idle.length > 0 && (
              <p class="dim">
                Not run in the last {span}:{' '}
                {idle.slice(0, 20).map((task, at) => [
                  at > 0 && ', ',
                  <a key={task} href={href('names', task, { span })}>
                    {task}
                  </a>,
                ])}
                {idle.length > 20 && ` and ${n(idle.length - 20)} more`}.
              </p>
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}

function One({ task }: { readonly task: string }): JSX.Element {
  const span = useSpan();
  const answer = useRead<NameAnswer>('name', { task, span }, { everyMs: 15_000 });
  return (
    <Section title={task} isPage side={<Spans />}>
      <Loaded of={answer}>
        {({ names, upToMs, chart }) => (
          <>
            <div class="facts">
              <a href={href('tasks', undefined, { task })}>its tasks</a>
              <a href={href('dead', undefined, { task })}>its dead tasks</a>
            </div>
            <Charts at={chart.at} label={`last ${span}`}>
              <Chart title="Ended / min" series={[{ name: 'ended', values: chart.out, look: 'area' }]} />
              <FaultChart title="Failed / min" name="failed" values={chart.failed} />
              <FaultChart title="Deaths / min" name="dead" values={chart.dead} />
            </Charts>
            {names.length === 0 && <p class="dim">It has not run in the last {span}.</p>}
            {names.map((line) => (
              <Section key={line.queue} title="Run times" hint={`in queue ${line.queue}`}>
                <Figures of={line} />
                <Histogram counts={line.counts} upToMs={upToMs} label={line.task} />
              </Section>
            ))}
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Figures({ of }: { readonly of: NameLine }): JSX.Element {
  const { started, done, failed, retried, dead, timedOut, crashed, cancelled, dropped, duration, waiting } = of;
  const counts = { started, done, failed, retried, 'timed out': timedOut, crashed, dead, cancelled, dropped };
  return (
    <>
      <div class="facts">
        {Object.entries(counts).map(([word, count]) =>
          count === 0 ? null : (
            <Fact key={word} more={` ${word}`}>
              {n(count)}
            </Fact>
          ),
        )}
        <span>
          <Rate of={of} /> of attempts fail
        </span>
      </div>
      <div class="facts">
        {[duration, waiting].map((times, at) => (
          <span key={at}>
            <Estimated>{at === 0 ? 'ran' : 'waited'}</Estimated> p50 <b>{time(times, 'p50Ms')}</b>, p95{' '}
            <b>{time(times, 'p95Ms')}</b>, p99 <b>{time(times, 'p99Ms')}</b>, on average <b>{time(times, 'meanMs')}</b>
          </span>
        ))}
      </div>
    </>
  );
}

function time(times: NameLine['duration'], which: 'p50Ms' | 'p95Ms' | 'p99Ms' | 'meanMs'): string {
  return times.count === 0 ? '–' : dur(times[which]);
}

/** The part of the attempts that failed. */
function Rate({ of: { done, failed } }: { readonly of: Pick<NameLine, 'done' | 'failed'> }): JSX.Element {
  const all = done + failed;
  const percent = all === 0 ? 0 : (100 * failed) / all;
  if (failed === 0) return <>–</>;
  return <Tip text={`${n(failed)} of ${n(all)} attempts`}>{percent < 0.1 ? '<0.1' : n(percent)} %</Tip>;
}

export const screen: Screen = { name: 'names', title: 'Task names', icon: 'names', view: Names };
