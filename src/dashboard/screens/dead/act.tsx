import { get } from '../../page/api.js';
import { ask, type BulkWish, type Fields, type Question, Sample, startBulk } from '../../page/parts/index.js';
import type { Query } from '../../page/router.js';
import type { MatchingPreview } from '../tasks/wire.js';
import type { DeadPreviewView, DeadQuery } from './wire.js';

/** An action on all that match. */
export interface ActionOnAll extends Pick<BulkWish, 'past' | 'under' | 'done'> {
  /** `dead/redrive-many` */
  readonly path: string;
  readonly query: Query | DeadQuery;
  /** fields of the dialog */
  readonly fields?: Question['body'];
  /** what the fields are in the body; throws where something is wrong */
  readonly more?: (fields: Fields) => object;
}

/** Shows what an action on all that match would be about, asks, and does it. */
export async function actOnAll({ path, query, fields, more, ...wish }: ActionOnAll): Promise<void> {
  const [area, action] = path.replace('-many', '').split('/');
  const preview = await get<DeadPreviewView | MatchingPreview>(`${area}/preview`, { ...query, action });
  const { matching, left, sample, filter, question } = preview;
  const body = [fields, <Sample key="sample" rows={sample} of={matching} />];
  const given = await ask({ ...question, body, ...(more && { run: more }) });
  if (!given) return;
  const total = left === 0 && !wish.under ? matching : undefined;
  // not awaited: the bar shows it
  startBulk({ ...wish, path, body: { filter, total, ...more?.(given) }, total });
}

export function redriveAll(query: DeadQuery): Promise<void> {
  return actOnAll({ path: 'dead/redrive-many', past: 'Redriven', query });
}

export function deleteAll(query: DeadQuery): Promise<void> {
  return actOnAll({ path: 'dead/delete-many', past: 'Deleted', query });
}
