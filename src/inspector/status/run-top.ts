import { repeat } from '../../terminal/repeating.js';
import { Screen } from '../../terminal/screen.js';
import type { InspectorContext } from '../inspector-context.js';
import { outageLine } from './outage-line.js';
import type { StatusReport } from './status-report.js';
import { type TopFrame, type TopView, topFrame } from './top-frame.js';

/** As often as workers publish while somebody looks. */
const EVERY_MS = 2_000;

/** Shows the live screen until q, Ctrl-C or a signal. */
export async function runTop(context: InspectorContext, read: () => Promise<StatusReport>): Promise<void> {
  const { out, place, typed } = context;
  let view: TopView = { sort: 'time', offset: 0, frozen: false };
  let latest: StatusReport | undefined;
  let shown: StatusReport | undefined;
  let frame: TopFrame | undefined;
  const draw = (): void => {
    const { columns: width, rows: height } = screen;
    if (!shown) {
      screen.draw(view.outage ? [outageLine(view.outage, undefined, out.paint)] : []);
      return;
    }
    frame = topFrame(shown, view, { width, height, paint: out.paint, place, typed });
    screen.draw(frame.lines);
  };
  const change = (changes: Partial<TopView>): void => {
    view = { ...view, ...changes };
    if (!view.frozen) shown = latest;
    draw();
  };
  const resume = out.holdTalk();
  const screen = new Screen({ resized: draw, key: (name) => change(changesBy(name, view, frame)) });
  try {
    await repeat({
      read,
      show: (report) => {
        latest = report;
        change({ outage: undefined });
      },
      showOutage: (outage) => change({ outage }),
      everyMs: EVERY_MS,
      signal: screen.signal,
    });
  } finally {
    screen.close();
    resume();
  }
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
