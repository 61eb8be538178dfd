import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { useSnapshot } from '../../page/live.js';
import { Empty, Loading, n } from '../../page/parts/index.js';
import type { Screen } from '../../page/screen.js';
import type { History } from '../overview/wire.js';
import { QueueTable } from './queue-table.js';
import { faultOf } from './queue-words.js';

function Queues(): JSX.Element {
  const { snapshot } = useSnapshot();
  const { data } = useRead<History>('history', { span: 'hour' }, { everyMs: 20_000 });
  if (!snapshot) return <Loading />;
  const { queues } = snapshot;
  if (queues.length === 0) {
    return <Empty title="No queue is known yet.">Start a worker: the queues that it serves appear here.</Empty>;
  }
  const waiting = queues.reduce((sum, { pending }) => sum + pending, 0);
  return <QueueTable queues={queues} history={data} hint={`${n(waiting)} tasks wait in ${n(queues.length)}`} isPage />;
}

export const screen: Screen = {
  name: 'queues',
  title: 'Queues',
  icon: 'queues',
  view: Queues,
  count: ({ queues }) => {
    const [bad, held] = [queues.filter(faultOf).length, queues.filter(({ paused }) => paused).length];
    if (bad > 0) return { text: n(bad), state: 'dead' };
    return held > 0 ? { text: n(held), state: 'held' } : { text: n(queues.length) };
  },
};
