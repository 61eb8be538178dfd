import type { JSX } from 'preact';
import { get } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { Ago, ask, askFirst, Do, Sample, say, startBulk } from '../../page/parts/index.js';
import { HowLong } from './how-long.js';
import type { PurgePreviewAnswer } from './wire.js';

export type QueueLine = Snapshot['queues'][number];

/** A pause of a queue in words: by whom, until when and why. */
export function Pause({
  of: { by, until, reason, since },
}: {
  readonly of: NonNullable<QueueLine['paused']>;
}): JSX.Element {
  return (
    <>
      Paused by {by} <Ago at={since} />
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
    ? (['Resume', () => resume(name), 'plain'] as const)
    : (['Pause', () => pause(name), 'bare'] as const);
  return (
    <>
      <Do
        right="purge"
        off={pending === 0 ? 'Nothing waits in it.' : undefined}
        small={small}
        label={`Purge queue ${name}`}
        run={() => purge(name)}
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
  const done = await askFirst(
    'queues/pause',
    { queue },
    {
      body: (
        <div class="fields">
          <HowLong end="resumed" />
          <label>
            Why <input name="reason" maxLength={256} placeholder="for those who see it" />
          </label>
        </div>
      ),
    },
  );
  if (done) say(`Queue ${queue} is paused.`);
}

async function resume(queue: string): Promise<void> {
  if (await askFirst('queues/resume', { queue })) say(`Queue ${queue} runs again.`);
}

/** First which tasks, then how many that is, then the purge. */
async function purge(queue: string): Promise<void> {
  let found: PurgePreviewAnswer | undefined;
  const filter = await askFirst(
    'queues/purge',
    { queue },
    {
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
      run: async (fields) => {
        found = await get<PurgePreviewAnswer>('queues/purge/preview', { queue, ...fields });
      },
    },
  );
  if (!filter || !found) return;
  const { matching, sample, question } = found;
  if (!(await ask({ ...question, body: <Sample rows={sample} of={matching} /> }))) return;
  startBulk({
    past: 'Deleted',
    under: `Purging ${queue}: looked at`,
    path: 'queues/purge',
    body: { queue, ...filter },
  });
}
