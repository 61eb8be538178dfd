import type { JSX } from 'preact';
import type { Snapshot } from '../../page/live.js';
import { askFirst, Do } from '../../page/parts/index.js';

export type Worker = Snapshot['workers'][number];
export type Child = Worker['children'][number];

/** Why a worker takes no orders; undefined for one that does. */
function offOf({ inProcess, state }: Worker): string | undefined {
  if (inProcess) return 'It runs in the process of its app. Stop the app instead.';
  if (state !== 'unknown') return undefined;
  return 'It has published nothing about itself: it has just begun, or is of an older version. Send it SIGTERM instead.';
}

interface OrderProps {
  readonly worker: Worker;
  /** the words of the button */
  readonly of: 'Recycle' | 'Quiet' | 'Stop';
  readonly child?: number;
}

function Order({ worker, of, child }: OrderProps): JSX.Element {
  const { id, host, pid, state } = worker;
  // children of a worker that claims nothing more end, and none takes their place
  const isLate = of === 'Stop' ? state === 'stopping' : state !== 'running';
  const whose = child === undefined ? '' : ` child ${child} of`;
  return (
    <Do
      right="control"
      small
      kind={child !== undefined ? 'bare' : of === 'Stop' ? 'grave' : 'plain'}
      off={offOf(worker) ?? (isLate ? `It is ${state} already.` : undefined)}
      run={() => askFirst(`workers/${of.toLowerCase()}`, { worker: id, ...(child !== undefined && { child }) })}
      label={`${of}${whose} ${host}, process ${pid}`}
    >
      {of}…
    </Do>
  );
}

/** What can be done to a worker. */
export function WorkerOrders({ worker }: Pick<OrderProps, 'worker'>): JSX.Element {
  return (
    <>
      <Order worker={worker} of="Recycle" />
      <Order worker={worker} of="Quiet" />
      <Order worker={worker} of="Stop" />
    </>
  );
}

/** What can be done to a child. */
export function ChildOrders({ worker, child }: { readonly worker: Worker; readonly child: Child }): JSX.Element {
  return <Order worker={worker} of="Recycle" child={child.pid} />;
}
