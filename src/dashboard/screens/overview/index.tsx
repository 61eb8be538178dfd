import type { JSX } from 'preact';
import { useRead } from '../../page/api.js';
import { type Snapshot, useSnapshot } from '../../page/live.js';
import { Loading } from '../../page/parts/index.js';
import type { Screen } from '../../page/screen.js';
import { QueueTable } from '../queues/queue-table.js';
import { FirstSteps } from './first-steps.js';
import { EVERY_MS, HistoryCharts } from './history-charts.js';
import { LatestDeaths } from './latest-deaths.js';
import { VerdictList } from './verdict-list.js';
import type { History } from './wire.js';
import { WorkerStrip } from './worker-strip.js';

/** More are on the page of the queues. */
const MOST_QUEUES = 20;

function Overview(): JSX.Element {
  const { snapshot, link } = useSnapshot();
  if (snapshot) return <Known snapshot={snapshot} />;
  // without a first picture the note above says what is wrong
  return <>{link.state === 'connecting' && <Loading />}</>;
}

function Known({ snapshot }: { readonly snapshot: Snapshot }): JSX.Element {
  const isNew = useIsNew(snapshot);
  const hour = useRead<History>('history', { span: 'hour' }, { everyMs: EVERY_MS.hour });
  if (isNew) return <FirstSteps snapshot={snapshot} />;
  return (
    <div class="over">
      <section class="full">
        <VerdictList snapshot={snapshot} />
      </section>
      <HistoryCharts hour={hour} workers={snapshot.workers} />
      <QueueTable queues={snapshot.queues} most={MOST_QUEUES} history={hour.data} />
      <div class="cols">
        <LatestDeaths total={snapshot.dead.total} />
        <WorkerStrip workers={snapshot.workers} />
      </div>
    </div>
  );
}

/** Nothing waits, nothing is dead, and nothing has ended within a week. */
function useIsNew({ queues, throughput }: Snapshot): boolean {
  const isQuiet =
    throughput.done + throughput.failed === 0 &&
    queues.every(({ pending, scheduled, dead }) => pending + scheduled + dead === 0);
  const { data } = useRead<History>(isQuiet && queues.length > 0 ? 'history' : undefined, { span: 'week' });
  return isQuiet && (queues.length === 0 || data?.out.every((value) => !value) === true);
}

export const screen: Screen = { name: 'overview', title: 'Overview', icon: 'overview', view: Overview };
