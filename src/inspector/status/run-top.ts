import { showLive } from '../../terminal/live-screen.js';
import type { InspectorContext } from '../inspector-context.js';
import { outageLine } from './outage-line.js';
import type { StatusReport } from './status-report.js';
import { type TopFrame, type TopView, topFrame } from './top-frame.js';

/** As often as workers publish while somebody looks. */
const EVERY_MS = 2_000;

/** Shows the live screen until q, Ctrl-C or a signal. */
export async function runTop(context: InspectorContext, read: () => Promise<StatusReport>): Promise<void> {
  const { out, place, typed } = context;
  const { paint } = out;
  let view: TopView = { sort: 'time', offset: 0, frozen: false };
  let latest: StatusReport | undefined;
  let shown: StatusReport | undefined;
  let frame: TopFrame | undefined;
  const change = (changes: Partial<TopView>): void => {
    view = { ...view, ...changes };
    if (!view.frozen) shown = latest;
  };
  await showLive<StatusReport>(out, {
    read,
    take: (report, outage) => {
      latest = report ?? latest;
      change({ outage });
    },
    draw: ({ columns: width, rows: height }) => {
      if (!shown) return view.outage ? [outageLine(view.outage, undefined, paint)] : [];
      frame = topFrame(shown, view, { width, height, paint, place, typed });
      return frame.lines;
    },
    key: (name) => change(changesBy(name, view, frame)),
    everyMs: EVERY_MS,
  });
}

/** The effect of a key. */
export function changesBy(
  key: string,
  { sort, offset, frozen }: TopView,
  frame?: Omit<TopFrame, 'lines'>,
): Partial<TopView> {
  const { page, rows } = frame ?? { page: 1, rows: 1 };
  // the offset of a screen that has become shorter may lie beyond its end
  const last = Math.max(rows - page, 0);
  const moved = (by: number): Partial<TopView> => ({
    offset: Math.max(Math.min(Math.min(offset, last) + by, last), 0),
  });
  switch (key) {
    case 'up':
      return moved(-1);
    case 'down':
      return moved(1);
    case 'pageup':
      return moved(-page);
    case 'pagedown':
      return moved(page);
    case 'home':
      return { offset: 0 };
    case 'end':
      return { offset: last };
    case 's':
      return { sort: sort === 'time' ? 'worker' : 'time', offset: 0 };
    case 'p':
      return { frozen: !frozen };
    default:
      return {};
  }
}
