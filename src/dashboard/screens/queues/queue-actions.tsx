import type { JSX } from 'preact';
import { act, type BulkProgress, bulk, get } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { Ago, ask, Bar, BulkFrame, Do, n, say } from '../../page/parts/index.js';
import { Cell, useCell } from '../../page/store.js';
import type { PurgePreviewAnswer } from './wire.js';

export type QueueLine = Snapshot['queues'][number];

/** How long a pause may last: choices, and what the server takes. */
const TIMES: readonly (readonly [value: string, words: string])[] = [
  ['15m', 'for 15 minutes'],
  ['1h', 'for an hour'],
  ['4h', 'for 4 hours'],
  ['1d', 'for a day'],
  ['', 'until it is resumed'],
];

/** A pause of a queue in words: by whom, until when and why. */
export function Pause({
  of: { by, until, reason, since },
}: {
  readonly of: NonNullable<QueueLine['paused']>;
}): JSX.Element {
  return (
    <>
      paused by {by} <Ago at={since} />
      {until && (
        <>
          , until <Ago at={until} form="clock" />
        </>
      )}
      {reason && `: ${reason}`}
    </>
  );
}

/** The buttons of a queue. */
export function QueueActions({ queue, small }: { readonly queue: QueueLine; readonly small?: boolean }): JSX.Element {
  const { queue: name, paused, pending } = queue;
  return (
    <>
      <Do
        right="purge"
        off={pending === 0 ? 'Nothing waits in it.' : undefined}
        kind="bare"
        small={small ?? false}
        label={`Purge queue ${name}`}
        run={() => purge(name, pending)}
      >
        Purge…
      </Do>
      {paused ? (
        // the way out of an odd state shows always
        <Do
          right="pause"
          kind={'' as 'bare'}
          small={small ?? false}
          label={`Resume queue ${name}`}
          run={() => resume(queue)}
        >
          Resume…
        </Do>
      ) : (
        <Do right="pause" kind="bare" small={small ?? false} label={`Pause queue ${name}`} run={() => pause(name)}>
          Pause…
        </Do>
      )}
    </>
  );
}

async function pause(queue: string): Promise<void> {
  await ask({
    title: `Pause queue ${queue}?`,
    lines: ['Workers start none of its tasks. Those that run go on.', 'What is sent to it waits, and nothing is lost.'],
    main: 'Pause',
    body: (
      <div class="fields">
        <label>
          How long{' '}
          <select name="for">
            {TIMES.map(([value, words]) => (
              <option key={value} value={value} selected={value === '1h'}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Why <input name="reason" maxLength={256} placeholder="for those who see it" />
        </label>
      </div>
    ),
    run: async ({ for: time, reason }) => {
      await act('queues/pause', { queue, for: time, reason });
      say(`Queue ${queue} is paused.`);
    },
  });
}

async function resume({ queue, pending, paused }: QueueLine): Promise<void> {
  await ask({
    title: `Resume queue ${queue}?`,
    lines: [
      ...(paused ? [<Pause key="pause" of={paused} />] : []),
      `${n(pending)} ${pending === 1 ? 'task waits' : 'tasks wait'}; workers start them at once.`,
    ],
    main: 'Resume',
    run: async () => {
      await act('queues/resume', { queue });
      say(`Queue ${queue} runs again.`);
    },
  });
}

interface Purge {
  readonly queue: string;
  readonly progress?: BulkProgress;
  readonly said?: string;
  readonly stop: () => void;
}

const purging = new Cell<Purge | undefined>(undefined);

/** First which tasks, then how many that is, then the purge. */
async function purge(queue: string, pending: number): Promise<void> {
  let filter: { task?: string; olderThan?: string } = {};
  let found: PurgePreviewAnswer | undefined;
  const chosen = await ask({
    title: `Purge queue ${queue}`,
    lines: [`${n(pending)} tasks wait. Scheduled, active and dead ones stay.`, 'The next step counts what would go.'],
    main: 'Count them',
    body: (
      <div class="fields">
        <label>
          Only of the task <input name="task" placeholder="all" autocomplete="off" spellcheck={false} />
        </label>
        <label>
          Only older than <input name="olderThan" placeholder="any age, or 30m, 2h, 1d" autocomplete="off" />
        </label>
      </div>
    ),
    run: async ({ task, olderThan }) => {
      filter = { ...(task && { task }), ...(olderThan && { olderThan }) };
      found = await get<PurgePreviewAnswer>('queues/purge/preview', { queue, ...filter });
    },
  });
  if (!chosen || !found) return;
  const { matching, looked, total, sample } = found;
  if (matching === 0) {
    say(`No task of ${queue} matches.`);
    purging.set({ queue, said: `No task matches, of ${n(looked)} that were looked at.`, stop: () => {} });
    return;
  }
  const number = `${looked < total ? 'at least ' : ''}${n(matching)}`;
  const sure = await ask({
    title: `Delete ${number} ${matching === 1 ? 'task' : 'tasks'} of ${queue} for ever?`,
    lines: [
      looked < total ? `Looked at ${n(looked)} of ${n(total)}.` : `Looked at all ${n(total)}.`,
      'They do not run, and cannot be brought back.',
    ],
    body: (
      <ul class="plain sample">
        {sample.map(({ id, task, at }) => (
          <li key={id}>
            <code>{id}</code> {task ?? 'no call'} <span class="dim">{at !== null && <Ago at={at} />}</span>
          </li>
        ))}
        {matching > sample.length && <li class="dim">and {n(matching - sample.length)} more</li>}
      </ul>
    ),
    grave: true,
    main: `Delete ${number}`,
    typed: matching >= 100 ? String(matching) : undefined,
  });
  if (sure) void run(queue, filter);
}

async function run(queue: string, filter: object): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  purging.set({ queue, stop });
  let last: BulkProgress | undefined;
  const onProgress = (progress: BulkProgress): void => {
    last = progress;
    purging.set({ queue, progress, stop });
  };
  let said: string;
  try {
    const { count } = await bulk('queues/purge', { queue, ...filter }, { onProgress, signal: stopping.signal });
    said = `Deleted ${n(count)} ${count === 1 ? 'task' : 'tasks'} of ${queue}.`;
  } catch (error) {
    const far = last ? ` Looked at ${n(last.handled)} of ${n(last.total ?? last.handled)}.` : '';
    said = stopping.signal.aborted ? `Stopped.${far}` : (error as Error).message;
  }
  say(said);
  purging.set({ queue, said, stop });
}

/** The purge under way, and how it ended. */
export function PurgeBar(): JSX.Element | null {
  const purge = useCell(purging);
  if (!purge) return null;
  const { queue, progress, said, stop } = purge;
  const total = progress?.total ?? 0;
  return (
    <BulkFrame label={`Purge of queue ${queue}`}>
      {said ?? (
        <>
          <span>
            Purging {queue}: looked at {n(progress?.handled ?? 0)} of {n(total)}
          </span>
          <Bar part={(progress?.handled ?? 0) / Math.max(total, 1)} label={`Purge of queue ${queue}`} />
        </>
      )}
      <span class="grow" />
      <button type="button" onClick={() => (said === undefined ? stop() : purging.set(undefined))}>
        {said === undefined ? 'Stop here' : 'Close'}
      </button>
    </BulkFrame>
  );
}
