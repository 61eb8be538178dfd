import type { JSX } from 'preact';
import { act, get } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { Ago, ask, counted, Do, n, say, startBulk } from '../../page/parts/index.js';
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
  // the way out of an odd state shows always
  const [words, change, kind] = paused
    ? (['Resume', () => resume(queue), 'plain'] as const)
    : (['Pause', () => pause(name), 'bare'] as const);
  return (
    <>
      <Do
        right="purge"
        off={pending === 0 ? 'Nothing waits in it.' : undefined}
        small={small}
        label={`Purge queue ${name}`}
        run={() => purge(name, pending)}
      >
        Purge…
      </Do>
      <Do right="pause" kind={kind} small={small} label={`${words} queue ${name}`} run={change}>
        {words}…
      </Do>
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
      `${counted(pending, 'task waits', 'tasks wait')}; workers start them at once.`,
    ],
    main: 'Resume',
    run: async () => {
      await act('queues/resume', { queue });
      say(`Queue ${queue} runs again.`);
    },
  });
}

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
    await ask({ title: `No task of ${queue} matches.`, lines: [`Looked at ${n(looked)}.`] });
    return;
  }
  const least = looked < total ? 'at least ' : '';
  const sure = await ask({
    title: `Delete ${least}${counted(matching, 'task')} of ${queue} for ever?`,
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
    main: `Delete ${least}${n(matching)}`,
    typed: matching >= 100 ? String(matching) : undefined,
  });
  const body = { queue, ...filter };
  if (sure) startBulk({ past: 'Deleted', under: `Purging ${queue}: looked at`, path: 'queues/purge', body });
}
