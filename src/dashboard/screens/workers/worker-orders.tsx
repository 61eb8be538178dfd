import type { JSX } from 'preact';
import { act } from '../../page/api.js';
import type { Snapshot } from '../../page/live.js';
import { ask, counted, Do, n } from '../../page/parts/index.js';

export type Worker = Snapshot['workers'][number];
export type Child = Worker['children'][number];

/** `web-2, process 4113` */
export const placeOf = ({ host, pid }: Worker): string => `${host}, process ${pid}`;

const claims = ({ state }: Worker): boolean => state === 'running' || state === 'unknown';

/** Why a worker takes no orders; undefined for one that does. */
function offOf({ inProcess, state }: Worker): string | undefined {
  if (inProcess) return 'It runs in the process of its app. Stop the app instead.';
  if (state !== 'unknown') return undefined;
  return 'It has published nothing about itself: it has just begun, or is of an older version. Send it SIGTERM instead.';
}

/** The queues that nobody else would claim from. */
function unserved(worker: Worker, all: readonly Worker[]): string | undefined {
  const others = all.filter((other) => other.id !== worker.id && claims(other));
  const left = worker.queues.filter((queue) => !others.some(({ queues }) => queues.includes(queue)));
  if (!claims(worker) || left.length === 0) return undefined;
  const more = left.length - 3;
  return `No other worker claims from ${left.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}: those tasks wait.`;
}

const given = (lines: readonly (string | undefined)[]): string[] => lines.filter((line) => line !== undefined);

/** What can be done to a worker. */
export function WorkerOrders({
  worker,
  all,
}: {
  readonly worker: Worker;
  readonly all: readonly Worker[];
}): JSX.Element {
  const { id, running, forked, state } = worker;
  const place = placeOf(worker);
  const off = offOf(worker);
  const tasks = running === 1 ? 'active task' : `${n(running)} active tasks`;
  const order = (action: string) => () => act(`workers/${action}`, { worker: id });
  const quiet = (): unknown =>
    ask({
      title: `Quiet ${place}?`,
      lines: given([
        `It claims nothing more. ${running === 0 ? 'It runs no task.' : `Its ${tasks} ${running === 1 ? 'goes' : 'go'} on.`}`,
        'Its process stays until it is stopped, and never claims again.',
        unserved(worker, all),
      ]),
      main: 'Quiet the worker',
      run: order('quiet'),
    });
  const stop = (): unknown =>
    ask({
      title: `Stop ${place}?`,
      lines: given([
        running === 0
          ? 'It runs no task.'
          : `Its ${tasks} may finish within its shutdownGrace. What has not finished goes back to its queue, and runs again.`,
        'Its process ends, unless a service manager starts another one.',
        unserved(worker, all),
      ]),
      main: 'Stop the worker',
      grave: true,
      run: order('stop'),
    });
  const recycle = (): unknown =>
    ask({
      title: `Recycle the children of ${place}?`,
      lines: [
        `${counted(forked, 'child is', 'children are')} replaced, one after another, without a gap.`,
        'Active tasks finish where they began.',
      ],
      main: `Recycle ${counted(forked, 'child', 'children')}`,
      run: order('recycle'),
    });
  const name = (words: string): string => `${words} ${place}`;
  return (
    <>
      <Do right="control" small kind="plain" off={off ?? ending(worker)} run={recycle} label={name('Recycle')}>
        Recycle…
      </Do>
      <Do
        right="control"
        small
        kind="plain"
        off={off ?? (state === 'running' ? undefined : `It is ${state} already.`)}
        run={quiet}
        label={name('Quiet')}
      >
        Quiet…
      </Do>
      <Do
        right="control"
        small
        kind="grave"
        off={off ?? (state === 'stopping' ? 'It is stopping already.' : undefined)}
        run={stop}
        label={name('Stop')}
      >
        Stop…
      </Do>
    </>
  );
}

/** Children of a worker that claims nothing more end, and none takes their place. */
function ending({ state }: Worker): string | undefined {
  return state === 'running' ? undefined : `It is ${state}: its children end, and none takes their place.`;
}

/** What can be done to a child. */
export function ChildOrders({ worker, child }: { readonly worker: Worker; readonly child: Child }): JSX.Element {
  const { pid, running } = child;
  const recycle = (): unknown =>
    ask({
      title: `Recycle child ${pid} of ${worker.host}?`,
      lines: [
        'Another child takes its place before it ends.',
        running === 0
          ? 'It runs no task.'
          : running === 1
            ? 'Its active task finishes first.'
            : `Its ${n(running)} active tasks finish first.`,
      ],
      main: `Recycle child ${pid}`,
      run: () => act('workers/recycle', { worker: worker.id, child: pid }),
    });
  return (
    <Do
      right="control"
      small
      off={offOf(worker) ?? ending(worker)}
      run={recycle}
      label={`Recycle child ${pid} of ${placeOf(worker)}`}
    >
      Recycle…
    </Do>
  );
}
