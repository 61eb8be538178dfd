import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import {
  Ago,
  absolute,
  colourOf,
  counted,
  day,
  dur,
  percent,
  Rows,
  Section,
  State,
  type Stretch,
  TimeAxis,
} from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import { Counts } from '../crons/cron-parts.js';
import { useMinute } from '../crons/lane.js';
import type { CronPage, HistoryLine } from '../crons/wire.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** So many entries are kept; with fewer, all of the day are among them. */
const KEPT = 100;
/** Of a cron that was set at run time. */
const KEPT_OF_SET = 10;
/** In the table, until somebody asks for more. */
const SHOWN = 10;

/** The last day as a line, and what became of the last times as a table. */
export function History({ page }: { readonly page: CronPage }): JSX.Element {
  const { history, counts, cron } = page;
  const to = useMinute() + MINUTE;
  const oldest = history.at(-1)?.at ?? 0;
  // a cron that is often due has less than a day
  const from = history.length >= (cron.set ? KEPT_OF_SET : KEPT) && oldest > to - DAY ? oldest : to - DAY;
  const tasks = (
    <a class="link dim" href={href('tasks', undefined, { task: cron.task })}>
      its tasks
    </a>
  );
  return (
    <>
      <Section title={`Last ${from === to - DAY ? '24 hours' : dur(to - from)}`} hint="by your clock" side={tasks}>
        <DayLine lines={history} span={{ from, to }} />
        {counts && (
          <p class="dim">
            {cron.task === cron.name ? 'In' : 'All of its task in'} 24 hours: <Counts counts={counts} />
          </p>
        )}
      </Section>
      <Table page={page} />
    </>
  );
}

function DayLine({ lines, span }: { readonly lines: readonly HistoryLine[]; readonly span: Stretch }): JSX.Element {
  const { from, to } = span;
  const shown = lines.filter(({ at, last = at }) => last >= from && at <= to);
  return (
    <>
      <div class="past" role="img" aria-label={`From ${day(from)} to now: ${summary(shown)}`}>
        {shown.map((line, i) => {
          const { at, last = at, look, kind } = line;
          const width = kind === 'missed' ? percent(last, span) - percent(at, span) : 0;
          return (
            <i
              key={`${at} ${i}`}
              class={`${kind} ${look} ${colourOf(look)}`}
              style={{ left: `${percent(at, span)}%`, ...(width > 0 && { width: `${width}%` }) }}
              data-tip={tipOf(line)}
            />
          );
        })}
      </div>
      <TimeAxis span={span} now="right" />
    </>
  );
}

/** `12 done, 1 dead, 3 skipped, 40 missed` */
function summary(lines: readonly HistoryLine[]): string {
  const counts = new Map<string, number>();
  for (const { word } of lines) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => (word.startsWith('missed ') ? word : `${count} ${word}`)).join(', ');
}

function tipOf({ at, last = at, word, why, tookMs, lateMs, attempt = 1 }: HistoryLine): string {
  const time = last > at ? `${day(at)} to ${day(last)}` : absolute(at);
  return [
    `${time}: ${word}`,
    why,
    attempt > 1 && `attempt ${attempt}`,
    lateMs !== undefined && `${dur(lateMs)} late`,
    tookMs !== undefined && `took ${dur(tookMs)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function Table({ page: { history, zone, cron } }: { readonly page: CronPage }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const rows = isWhole ? history : history.slice(0, SHOWN);
  const more = history.length > SHOWN && (
    <button type="button" class="small bare" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
      {isWhole ? `the last ${SHOWN}` : `all ${history.length}`}
    </button>
  );
  return (
    <Section title="History" hint={`the last ${counted(history.length, 'entry', 'entries')}`} side={more}>
      {history.length === 0 ? (
        <p class="dim">No run has ended, and none was left out.</p>
      ) : (
        <Rows
          label={`History of ${cron.name}`}
          class="history"
          rows={rows}
          id={({ at, word, attempt = 0, id = '' }) => `${at} ${word} ${attempt} ${id}`}
          to={({ id }) => (id === undefined ? undefined : href('task', id))}
          columns={[
            { head: 'What', class: 'two', cell: (line) => <What line={line} /> },
            { head: 'Due', num: true, width: 140, cell: ({ at }) => <Ago at={at} /> },
            { head: zone ?? 'UTC', m: 0, width: 210, class: 'gap', cell: ({ local }) => local },
            { head: 'Late', num: true, m: 0, width: 96, cell: ({ lateMs }) => length(lateMs) },
            { head: 'Took', num: true, width: 84, cell: ({ tookMs }) => length(tookMs) },
          ]}
        />
      )}
    </Section>
  );
}

function What({ line: { look, word, why, id, attempt = 1 } }: { readonly line: HistoryLine }): JSX.Element {
  const state = <State of={look} word={word} />;
  return (
    <>
      {id === undefined ? (
        state
      ) : (
        <a class="name" href={href('task', id)}>
          {state}
        </a>
      )}{' '}
      <small class="dim cut">{why ?? (attempt > 1 && `attempt ${attempt}`)}</small>
    </>
  );
}

function length(ms: number | undefined): string {
  return ms === undefined ? '–' : dur(ms);
}
