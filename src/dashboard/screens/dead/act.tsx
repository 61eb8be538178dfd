import { get } from '../../page/api.js';
import { ask, Sample, startBulk } from '../../page/parts/index.js';
import type { DeadPreviewView, DeadQuery } from './wire.js';

/** Shows what an action on all that match would be about, asks, and does it. */
export async function actOnAll(action: 'redrive' | 'delete', query: DeadQuery): Promise<void> {
  const preview = await get<DeadPreviewView>('dead/preview', { ...query, action });
  const { matching, left, sample, filter, question } = preview;
  if (!(await ask({ ...question, body: <Sample rows={sample} of={matching} /> }))) return;
  const total = left === 0 ? matching : undefined;
  const past = action === 'redrive' ? 'Redriven' : 'Deleted';
  // not awaited: the bar shows it
  startBulk({ past, path: `dead/${action}-many`, body: { filter, total }, total });
}
