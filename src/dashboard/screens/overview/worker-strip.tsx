import type { JSX } from 'preact';
import type { Snapshot } from '../../page/live.js';
import { All, counted, n, Section, State, size } from '../../page/parts/index.js';
import { href } from '../../page/router.js';

type Worker = Snapshot['workers'][number];

const MOST = 8;

/** The workers in short: a cell for each child, filled while it runs a task. */
export function WorkerStrip({
  workers,
  none = 'No worker runs. Start the app in worker mode.',
}: {
  readonly workers: readonly Worker[];
  readonly none?: string;
}): JSX.Element {
  const children = workers.flatMap((worker) => worker.children);
  const busy = children.filter(({ running }) => running > 0).length;
  const isOdd = ({ state }: Worker): boolean => state !== 'running';
  const sorted = [...workers].sort((a, b) => Number(isOdd(b)) - Number(isOdd(a)));
  const hint = workers.length > 0 && `${n(busy)} of ${n(children.length)} children busy`;
  return (
    <Section title="Workers" hint={hint} side={<All of="workers" count={workers.length} />}>
      {workers.length === 0 ? (
        <p class="dim">{none}</p>
      ) : (
        <ul class="strip">
          {sorted.slice(0, MOST).map((worker) => (
            <Item key={worker.id} worker={worker} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Item({ worker }: { readonly worker: Worker }): JSX.Element {
  const { id, host, pid, queues, state, children, running, memory, restarts } = worker;
  const isBusy = ({ running: tasks }: Worker['children'][number]): boolean => tasks > 0;
  const crashes = restarts.filter(({ crashed }) => crashed).length;
  return (
    <li>
      <div class="row">
        {state === 'quiet' || state === 'stopping' ? <State of="quiet" word={state} /> : ''}
        <a class="name" href={href('workers', id)}>
          {host}
        </a>
        <span class="dimmer">{pid}</span>
        <span class="dim cut grow">{queues.join(', ')}</span>
      </div>
      <div class="cells" aria-hidden="true">
        {children.map((child) => (
          <i key={child.pid} class={`cell ${isBusy(child) ? 'busy' : ''} ${child.state === 'running' ? '' : 'off'}`} />
        ))}
      </div>
      <p>
        {n(children.filter(isBusy).length)} of {n(children.length)} busy with {counted(running, 'task')}
        {memory > 0 && `, ${size(memory)}`}
        {crashes > 0 && `, ${n(crashes)} of the last restarts were crashes`}
      </p>
    </li>
  );
}
