import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import { Chips, counted, Empty, Failed, Loading, n, Rows, Title } from '../../page/parts/index.js';
import { href, usePlace } from '../../page/router.js';
import { Counts, type Cron, CronGlyph, CronOrders, dueText, Last, Next, PausedBy, RunNote } from './cron-parts.js';
import { isFailing } from './failing.js';
import { Lane, LaneHead } from './lane.js';
import { SetCrons } from './set.js';
import type { CronLine, SetCronsPage } from './wire.js';

const SHOWN: Readonly<Record<string, (cron: Cron) => boolean>> = {
  '': () => true,
  failing: isFailing,
  paused: ({ paused }) => paused,
  idle: ({ declared, disabled }) => !declared || disabled,
};
const LABELS: Readonly<Record<string, string>> = { '': 'all', failing: 'failing', paused: 'paused', idle: 'not fired' };

/** The crons that workers declare, and those that were set at run time. */
export function List(): JSX.Element {
  const { snapshot } = useSnapshot();
  const { prefix, after } = usePlace().query;
  const set = useRead<SetCronsPage>('crons/set', { prefix, after }, { everyMs: 5_000 });
  const { data, error } = set;
  if (!snapshot || (snapshot.crons.length === 0 && !data && !error)) {
    return <Loading />;
  }
  const hasSet = data !== undefined && data.total > 0;
  return (
    <>
      {(snapshot.crons.length > 0 || !hasSet) && <Declared crons={snapshot.crons} />}
      {error && <Failed error={error} again={set.again} />}
      {hasSet && <SetCrons page={data} />}
    </>
  );
}

/** Those that need somebody first. */
function Declared({ crons }: { readonly crons: readonly Cron[] }): JSX.Element {
  const { query } = usePlace();
  const more = useRead<readonly CronLine[]>('crons', {}, { everyMs: 60_000 });
  if (crons.length === 0) {
    return (
      <Empty title="No cron is declared.">
        <p>
          Put <code>@Cron()</code> or <code>@Interval()</code> on a method of a provider, and start a worker: it makes
          its crons known.
        </p>
      </Empty>
    );
  }
  const lines = new Map(more.data?.map((line) => [line.name, line]));
  const count = (name: string): number => crons.filter(SHOWN[name] ?? (() => true)).length;
  const show = query.show ?? '';
  const rows = crons.filter(SHOWN[show] ?? (() => true)).sort((a, b) => rank(a) - rank(b));
  const words = ['paused', 'failing'].map((name) => (count(name) > 0 ? `, ${n(count(name))} ${name}` : ''));
  const chips = Object.keys(SHOWN).filter((name) => name === '' || name === show || count(name) > 0);
  return (
    <>
      <Title side={<span class="dim m0">each runs by the clock of its own zone</span>}>
        {counted(crons.length, 'cron')}
        {words}
      </Title>
      {chips.length > 1 && (
        <Chips
          label="Crons"
          value={show}
          options={chips.map((value) => ({ value, label: LABELS[value], count: count(value) }))}
          to={(value) => href('crons', undefined, { show: value })}
        />
      )}
      <RunNote />
      {more.error && <Failed error={more.error} again={more.again} />}
      {rows.length === 0 ? (
        <p class="dim">None of the {n(crons.length)} crons is like that.</p>
      ) : (
        <Rows
          label="Crons"
          class="crons"
          rows={rows}
          id={({ name }) => name}
          to={({ name }) => href('cron', name)}
          columns={[
            { head: 'Cron', cell: (cron) => <Name cron={cron} line={lines.get(cron.name)} /> },
            { head: 'Next', num: true, width: 110, cell: (cron) => <Next cron={cron} /> },
            { head: 'Last run', m: 0, width: 190, class: 'gap', cell: (cron) => <LastCell cron={cron} /> },
            { head: '24 h', m: 1, width: 130, cell: ({ name }) => <Counts counts={lines.get(name)?.counts} /> },
            { head: <LaneHead />, m: 2, width: 330, class: 'lane', cell: (cron) => laneOf(cron, lines.get(cron.name)) },
            { head: '', m: 0, width: 158, class: 'act', cell: (cron) => <CronOrders cron={cron} small /> },
          ]}
        />
      )}
    </>
  );
}

/** What needs somebody comes first, then by time. */
function rank(cron: Cron): number {
  if (cron.paused) return 1;
  if (isFailing(cron)) return 0;
  return cron.nextRun === undefined ? Number.MAX_VALUE : Date.parse(cron.nextRun);
}

function Name({ cron, line }: { readonly cron: Cron; readonly line: CronLine | undefined }): JSX.Element {
  return (
    <div class="row cron">
      <CronGlyph cron={cron} />
      <div class="grow">
        <a class="name cut" href={href('cron', cron.name)}>
          {cron.name}
        </a>
        <div class="dim" data-tip={cron.expression}>
          {line?.words ?? dueText(cron)}
          {line?.zone && `, ${line.zone}`}
        </div>
        {cron.paused && line?.pause && (
          <div class="dim">
            paused <PausedBy pause={line.pause} />
          </div>
        )}
        <div class="phone">
          <Last run={cron.lastRun} />
        </div>
        <div class="phone">
          <div class="row wrap">
            <CronOrders cron={cron} small plain />
          </div>
        </div>
      </div>
    </div>
  );
}

function LastCell({ cron }: { readonly cron: Cron }): JSX.Element {
  const { lastRun } = cron;
  return (
    <>
      <Last run={lastRun} />
      {lastRun && <small class="dim cut">{lastRun.error ?? ''}</small>}
    </>
  );
}

function laneOf(cron: Cron, line: CronLine | undefined): JSX.Element | undefined {
  const off = cron.paused || cron.disabled || !cron.declared;
  return (
    line && <Lane line={line} off={off} next={cron.nextRun === undefined ? undefined : Date.parse(cron.nextRun)} />
  );
}
