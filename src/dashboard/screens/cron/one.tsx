import type { JSX } from 'preact';
import { act, useRead } from '../../page/api.js';
import {
  Ago,
  absolute,
  askFirst,
  Chart,
  Charts,
  Code,
  counted,
  Do,
  dur,
  Empty,
  Fact,
  FaultChart,
  Head,
  Loaded,
  Note,
  n,
  QueueLink,
  Rows,
  Section,
  say,
} from '../../page/parts/index.js';
import { go, href } from '../../page/router.js';
import { awaitsEnd, CronGlyph, CronOrders, dueText, Last, PausedBy, RunNote } from '../crons/cron-parts.js';
import type { CronPage } from '../crons/wire.js';
import { Arguments } from './arguments.js';
import { History } from './history.js';

/** One cron: when it is due, and what became of its runs. */
export function One({ name }: { readonly name: string }): JSX.Element {
  const page = useRead<CronPage>('cron', { name }, { everyMs: 5_000 });
  if (page.error?.code === 'UNKNOWN_CRON') {
    return (
      <Empty title="There is no such cron.">
        <p>
          Its name is <code>{name}</code>. One that workers declare is listed for a day after the last of them has
          ended; one that was set at run time, until it is removed, or for a day after its last time.
        </p>
        <p class="next">
          <a class="btn" href={href('crons')}>
            All crons
          </a>
        </p>
      </Empty>
    );
  }
  return <Loaded of={page}>{(data) => <Page page={data} />}</Loaded>;
}

function Page({ page }: { readonly page: CronPage }): JSX.Element {
  const { cron, words, zone, bounds, declarers, missed, overlaps } = page;
  const { name, task, queue, skipped, lastFire, nextRun, set, setAt, setBy } = cron;
  return (
    <>
      <Head
        title={
          <>
            <CronGlyph cron={cron} />
            {name}
          </>
        }
        facts={
          <>
            <Fact more={zone && `, ${zone}`}>{words ?? dueText(cron)}</Fact>
            {words && cron.expression && <code>{cron.expression}</code>}
            {bounds.map((bound) => (
              <Fact key={bound}>{bound}</Fact>
            ))}
            {setAt && (
              <Fact name="set" more={setBy !== undefined && ` by ${setBy}`}>
                <Ago at={setAt} />
              </Fact>
            )}
            {task !== name && (
              <Fact name="task">
                <a href={href('tasks', undefined, { task })}>{task}</a>
              </Fact>
            )}
            <Fact name="queue">
              <QueueLink of={queue} />
            </Fact>
            <Fact name="of missed times">{missed}</Fact>
            <Fact name="overlaps" more={skipped > 0 && `, ${n(skipped)} so far`}>
              {overlaps}
            </Fact>
            {nextRun && (
              <Fact name="next">
                <Ago at={nextRun} />
              </Fact>
            )}
            {lastFire && (
              <Fact name="last fired">
                <Ago at={lastFire} />
              </Fact>
            )}
          </>
        }
      >
        <CronOrders cron={cron} />
        {set && (
          <Do right="delete" kind="grave" run={() => remove(name)}>
            Remove…
          </Do>
        )}
      </Head>
      <RunNote cron={name} />
      <Why page={page} />
      <History page={page} />
      <div class="cols">
        <Section title="Next times" hint="by its schedule">
          <NextTimes page={page} />
        </Section>
        <div>
          <LastRun page={page} />
          <Arguments name={name} set={set} />
          <Week page={page} />
          {!set && (
            <Section title="Declared by" hint={counted(declarers.length, 'worker')}>
              {declarers.length > 0 && <Declarers page={page} />}
            </Section>
          )}
        </div>
      </div>
    </>
  );
}

async function remove(cron: string): Promise<void> {
  await askFirst(
    'crons/remove',
    { cron },
    {
      run: async () => {
        await act('crons/remove', { cron });
        go('crons');
        say(`${cron} is removed`);
      },
    },
  );
}

/** Why it is not fired, or not as one would think. */
function Why({ page: { notes, pause } }: { readonly page: CronPage }): JSX.Element {
  return (
    <>
      {notes.map(({ glyph, title, text }) => (
        <Note key={text} state="held" glyph={glyph}>
          <p>
            <b>{title ?? 'Paused'}</b>{' '}
            {!title && (
              <>
                <PausedBy pause={pause} />.{' '}
              </>
            )}
            {text}
          </p>
        </Note>
      ))}
    </>
  );
}

function NextTimes({ page: { runs, zone, cron } }: { readonly page: CronPage }): JSX.Element {
  if (awaitsEnd(cron)) return <p class="dim">So long after the end of its run, which goes on.</p>;
  if (runs.length === 0)
    return <p class="dim">{cron.unreadable === undefined ? 'It is never due again.' : 'They are unknown here.'}</p>;
  const off = cron.paused || cron.disabled || !cron.declared;
  return (
    <div class={off ? 'dim' : ''}>
      <Rows
        label="Next times"
        rows={runs}
        id={({ at }) => String(at)}
        columns={[
          { head: 'In', num: true, width: 110, cell: ({ at }) => <Ago at={at} /> },
          { head: 'Your clock', class: 'gap', cell: ({ at }) => absolute(at).split(',')[0] },
          { head: zone ?? 'UTC', m: 0, cell: ({ local }) => local },
        ]}
      />
    </div>
  );
}

function LastRun({ page: { cron } }: { readonly page: CronPage }): JSX.Element {
  const { lastRun } = cron;
  const side = lastRun && (
    <a class="link dim" href={href('task', lastRun.id)}>
      its task
    </a>
  );
  return (
    <Section title="Last run" side={side}>
      <p>
        <Last run={lastRun} />
      </p>
      {lastRun && (
        <div class="facts">
          <Fact name="took">{dur(lastRun.durationMs)}</Fact>
          {lastRun.waitedMs !== undefined && <Fact name="waited">{dur(lastRun.waitedMs)}</Fact>}
          <Fact name="attempt">{lastRun.attempt}</Fact>
          <Fact name="on">{lastRun.host}</Fact>
          <Fact name="pid">{lastRun.pid}</Fact>
        </div>
      )}
      {lastRun?.error && (
        <Code block copy={lastRun.error}>
          {lastRun.error}
        </Code>
      )}
    </Section>
  );
}

function Week({ page: { hours, cron } }: { readonly page: CronPage }): JSX.Element {
  return (
    <Section title="Last week" hint={`attempts of ${cron.task === cron.name ? '' : 'its task in '}each hour`}>
      <Charts at={hours.at} label="last week">
        <Chart title="Done / h" series={[{ name: 'done', values: hours.done, look: 'bars' }]} />
        <FaultChart title="Failed / h" name="failed" values={hours.failed} />
      </Charts>
    </Section>
  );
}

function Declarers({ page: { declarers } }: { readonly page: CronPage }): JSX.Element {
  return (
    <Rows
      label="Workers that declare it"
      rows={declarers}
      id={({ worker }) => worker}
      to={({ worker }) => href('workers', worker)}
      columns={[
        {
          head: 'Worker',
          cell: ({ worker, host, pid }) => (
            <a class="name" href={href('workers', worker)}>
              {host} <span class="dim">pid {pid}</span>
            </a>
          ),
        },
        { head: 'Fires it', cell: ({ fires }) => (fires ? 'yes' : <span class="tag">disabled</span>) },
        {
          head: 'Differs',
          cell: ({ differs }) => (differs === undefined ? '–' : <span class="tag held">{differs}</span>),
        },
      ]}
    />
  );
}
