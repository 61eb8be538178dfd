import { showLive } from '../../terminal/live-screen.js';
import { repeat } from '../../terminal/repeating.js';
import type { InspectorContext } from '../inspector-context.js';
import { outageLine } from './outage-line.js';
import { showStatus } from './show-status.js';
import type { StatusReport } from './status-report.js';
import { statusLines } from './status-text.js';

/** Shows a status again and again until Ctrl-C: in place on a terminal, one below the other elsewhere. */
export async function watchStatus(
  context: InspectorContext,
  read: () => Promise<StatusReport>,
  everyMs: number,
): Promise<void> {
  if (context.out.isTerminal) await redraw(context, read, everyMs);
  else await append(context, read, everyMs);
}

async function redraw(context: InspectorContext, read: () => Promise<StatusReport>, everyMs: number): Promise<void> {
  const { out, place, typed } = context;
  const { paint } = out;
  let last: StatusReport | undefined;
  let outage: Error | undefined;
  await showLive<StatusReport>(out, {
    read,
    take: (report, error) => {
      last = report ?? last;
      outage = error;
    },
    draw: ({ columns: width, rows }) => {
      const trouble = outage ? [outageLine(outage, last?.at, paint), ''] : [];
      const lines = [...trouble, ...(last ? statusLines(last, { width, paint, place, typed }) : [])];
      const hidden = lines.length - rows;
      return hidden > 0 ? [...lines.slice(0, rows - 1), paint.dim(`… ${hidden + 1} more lines`)] : lines;
    },
    everyMs,
  });
  // the last one stays in view
  if (last) showStatus(last, context);
}

async function append(context: InspectorContext, read: () => Promise<StatusReport>, everyMs: number): Promise<void> {
  const { out, takeSignals } = context;
  let [isFirst, isAway] = [true, false];
  await repeat({
    read,
    show: (report) => {
      if (isAway) out.say('Redis answers again.');
      if (!isFirst && !out.isJson) out.line('');
      [isFirst, isAway] = [false, false];
      showStatus(report, context);
    },
    showOutage: (error) => {
      if (!isAway) out.say(outageLine(error));
      isAway = true;
    },
    everyMs,
    signal: takeSignals(),
  });
}
