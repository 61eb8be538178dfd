import type { StateName } from '../../page/parts/index.js';
import type { GroupLine, NodeLine } from './wire.js';

/** The shapes of the states of batches and flows. */
export const GROUP_GLYPHS: Readonly<Record<GroupLine['state'], StateName>> = {
  open: 'active',
  failed: 'dead',
  done: 'done',
  cancelled: 'cancelled',
  expired: 'held',
  abandoned: 'held',
};

/** The shapes of the states of tasks in a flow. */
export const NODE_GLYPHS: Readonly<Record<NodeLine['state'], StateName>> = {
  waiting: 'pending',
  sent: 'sent',
  failing: 'failed',
  done: 'done',
  dead: 'dead',
  deleted: 'dead',
  dropped: 'cancelled',
  cancelled: 'cancelled',
};
