import type { ComponentChildren, JSX } from 'preact';
import { act } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { Ago, askFirst, Do, dur, Glyph, Note, n, State, type StateName, say } from '../../page/parts/index.js';
import { href } from '../../page/router.js';
import { Cell, useCell } from '../../page/store.js';
import { isFailing } from './failing.js';
import type { CronCounts, CronPause } from './wire.js';

export type Cron = Snapshot['crons'][number];

type Run = NonNullable<Cron['lastRun']>;

const OUTCOMES: Readonly<Record<Run['outcome'], StateName>> = {
  done: 'done',
  dropped: 'cancelled',
  failed: 'failed',
  dead: 'dead',
};

/** The shape before the name of a cron. */
export function CronGlyph({ cron }: { readonly cron: Cron }): JSX.Element {
  const { paused, declared, disabled } = cron;
  if (paused) return <Glyph of="held" />;
  if (isFailing(cron)) return <Glyph of="dead" />;
  return <Glyph of={!declared || disabled ? 'cancelled' : 'scheduled'} />;
}

/** When a cron is due next, or why it is not. */
export function Next({ cron }: { readonly cron: Cron }): JSX.Element {
  const { paused, declared, disabled, nextRun, unreadable, set, only } = cron;
  if (paused) return <span class="tag held">paused</span>;
  if (!declared) return <span class="tag">{set ? 'orphaned' : 'no worker'}</span>;
  if (disabled) return <span class="tag">disabled</span>;
  if (unreadable !== undefined) return <span class="tag">unknown here</span>;
  if (nextRun !== undefined) return <Ago at={nextRun} />;
  if (only !== undefined) return <span class="dim">at a release</span>;
  return <span class="dim">{awaitsEnd(cron) ? 'after its run' : 'never'}</span>;
}

/** Whether the run goes on from whose end the next one is counted. */
export function awaitsEnd({ from, limit, fires = 0, endDate, nextRun }: Cron): boolean {
  if (from === undefined || nextRun !== undefined) return false;
  return fires < (limit ?? Number.POSITIVE_INFINITY) && (endDate === undefined || Date.parse(endDate) > Date.now());
}

/** The schedule as it was written. */
export function dueText({ expression, everyMs, at, only }: Cron): ComponentChildren {
  if (only) return 'at each release';
  if (at !== undefined) return 'once';
  return expression ?? `every ${dur(everyMs ?? 0)}`;
}

/** How the last run ended. */
export function Last({ run }: { readonly run: Cron['lastRun'] }): JSX.Element {
  if (!run) return <span class="dim">none has ended</span>;
  return (
    <>
      <State of={OUTCOMES[run.outcome]} word={run.outcome} />{' '}
      <span class="dim">
        <Ago at={Date.parse(run.startedAt) + run.durationMs} />
      </span>
    </>
  );
}

/** How attempts of the last day ended. */
export function Counts({ counts }: { readonly counts: CronCounts | undefined }): JSX.Element {
  if (!counts) return <span class="dim">–</span>;
  const { done, failed, usualMs } = counts;
  return (
    <>
      {n(done)} done{failed > 0 && <span class="num-dead">, {n(failed)} failed</span>}
      {usualMs > 0 && (
        <>
          <br />
          <small class="dim">usually {dur(usualMs)}</small>
        </>
      )}
    </>
  );
}

/** `by anna since 14:10` */
export function PausedBy({ pause }: { readonly pause: CronPause | undefined }): JSX.Element | null {
  if (!pause) return null;
  return (
    <>
      {pause.by !== undefined && `by ${pause.by} `}since <Ago at={pause.at} form="clock" />
    </>
  );
}

interface Asked {
  readonly cron: string;
  readonly id: string;
  readonly queue: string;
  readonly added: boolean;
}

const asked = new Cell<Asked | undefined>(undefined);

/** What became of the last run that was asked for, on the page where it was. */
export function RunNote({ cron }: { readonly cron?: string | undefined }): JSX.Element | null {
  const run = useCell(asked);
  if (!run || (cron !== undefined && cron !== run.cron)) return null;
  const close = (
    <button type="button" class="small" onClick={() => asked.set(undefined)}>
      Close
    </button>
  );
  const id = (
    <a class="link" href={href('task', run.id)}>
      <code>{run.id}</code>
    </a>
  );
  return (
    <div role="status">
      <Note state={run.added ? 'done' : 'held'} side={close}>
        <p>
          {run.added ? (
            <>
              <b>{run.cron}</b> was enqueued in {run.queue}: {id}
            </>
          ) : (
            <>
              An earlier run of <b>{run.cron}</b> waits or is under way, so nothing was added: {id}
            </>
          )}
        </p>
      </Note>
    </div>
  );
}

/** What can be done to a cron. */
export function CronOrders({
  cron,
  small = false,
  plain = !small,
}: {
  readonly cron: Cron;
  readonly small?: boolean;
  /** with a border */
  readonly plain?: boolean;
}): JSX.Element {
  const { name, paused } = cron;
  const resume = async (): Promise<void> => {
    await act('crons/resume', { cron: name });
    say(`${name} is resumed`);
  };
  const runNow = (): unknown =>
    askFirst(
      'crons/run',
      { cron: name },
      {
        run: async () => {
          asked.set({ cron: name, ...(await act<Omit<Asked, 'cron'>>('crons/run', { cron: name })) });
        },
      },
    );
  const look = { small, kind: plain ? 'plain' : 'bare' } as const;
  return (
    <>
      {!paused && (
        <Do right="pause" {...look} run={() => askFirst('crons/pause', { cron: name })} label={`Pause ${name}`}>
          Pause…
        </Do>
      )}
      <Do right="run-cron" {...look} run={runNow} label={`Run now: ${name}`}>
        Run now…
      </Do>
      {paused && (
        <Do right="pause" {...look} kind={small ? 'plain' : 'main'} run={resume} label={`Resume ${name}`}>
          Resume
        </Do>
      )}
    </>
  );
}
