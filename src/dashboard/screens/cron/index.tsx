import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import {
  Ago,
  absolute,
  Code,
  counted,
  dur,
  Empty,
  Fact,
  Head,
  Loaded,
  Note,
  n,
  QueueLink,
  Rows,
  Section,
} from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import type { Screen } from '../../page/screen.js';
import { Counts, type Cron, CronGlyph, CronOrders, dueText, Last, PausedBy, RunNote } from '../crons/cron-parts.js';
import type { CronPage } from '../crons/wire.js';

const MISSED: Readonly<Record<Cron['missed'], string>> = {
  skip: 'left out',
  latest: 'the latest is made up for',
  all: 'all are made up for',
};
const OVERLAP: Readonly<Record<Cron['overlap'], string>> = { allow: 'allowed', skip: 'left out' };

function OneCron(): JSX.Element {
  const { arg = '' } = usePlace();
  const page = useRead<CronPage>('cron', { name: arg }, { everyMs: 5_000 });
  if (page.error?.code === 'UNKNOWN_CRON') {
    return (
      <Empty title="No worker declares this cron.">
        <p>
          Its name is <code>{arg}</code>. A cron is listed for a day after its last worker has ended.
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
  const { cron, words, zone, counts, declarers } = page;
  const { name, queue, missed, overlap, skipped, lastFire, nextRun } = cron;
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
            <Fact name="queue">
              <QueueLink of={queue} />
            </Fact>
            <Fact name="missed times">{MISSED[missed]}</Fact>
            <Fact name="overlaps" more={skipped > 0 && `, ${n(skipped)} so far`}>
              {OVERLAP[overlap]}
            </Fact>
            {nextRun && (
              <Fact name="next">
                <Ago at={nextRun} />
              </Fact>
            )}
            {lastFire && (
              <Fact name="last fired for">
                <Ago at={lastFire} />
              </Fact>
            )}
          </>
        }
      >
        <CronOrders cron={cron} />
      </Head>
      <RunNote cron={name} />
      <Why page={page} />
      <div class="cols">
        <Section title="Next times" hint="by its schedule">
          <NextTimes page={page} />
        </Section>
        <div>
          <LastRun page={page} />
          <Section
            title="Last 24 hours"
            side={
              <a class="link dim" href={href('tasks', undefined, { task: name })}>
                its tasks
              </a>
            }
          >
            <p>{counts ? <Counts counts={counts} /> : <span class="dim">No run was counted.</span>}</p>
          </Section>
          <Section title="Declared by" hint={counted(declarers.length, 'worker')}>
            {declarers.length > 0 && <Declarers page={page} />}
          </Section>
        </div>
      </div>
    </>
  );
}

/** Why it is not fired, or not as one would think. */
function Why({ page: { cron, pause, declarers } }: { readonly page: CronPage }): JSX.Element {
  const differing = declarers.filter(({ differs }) => differs !== undefined);
  return (
    <>
      {cron.paused && (
        <Note state="held">
          <p>
            <b>Paused</b> <PausedBy pause={pause} />. No worker fires it until it is resumed, and times that come due
            are not made up for.
          </p>
        </Note>
      )}
      {!cron.declared && (
        <Note state="held" glyph="cancelled">
          <p>
            <b>No worker declares it, so it is not fired.</b> Start a worker of its app. After a day without one it is
            forgotten.
          </p>
        </Note>
      )}
      {cron.declared && cron.disabled && (
        <Note state="held" glyph="cancelled">
          <p>
            <b>All workers that declare it have it disabled,</b> so it is not fired by itself.
          </p>
        </Note>
      )}
      {differing.length > 0 && (
        <Note state="held">
          <p>
            <b>Workers declare it differently,</b> and each fires it as it declares it: too often, unless a deploy is
            under way. If it is not, give all the same <code>timeZone</code>, or each its own name.
          </p>
        </Note>
      )}
    </>
  );
}

function NextTimes({ page: { runs, zone, cron } }: { readonly page: CronPage }): JSX.Element {
  if (runs.length === 0) return <p class="dim">It is never due again.</p>;
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

export const screen: Screen = { name: 'cron', title: 'Cron', under: 'crons', view: OneCron };
