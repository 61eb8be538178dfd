import { repeat } from '../../terminal/repeating.js';
import { Screen } from '../../terminal/screen.js';
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
  let last: StatusReport | undefined;
  let outage: Error | undefined;
  const draw = (): void => {
    const viewer = { width: screen.columns, paint: out.paint, place, typed };
    const trouble = outage ? [outageLine(outage, last?.at, out.paint), ''] : [];
    const lines = [...trouble, ...(last ? statusLines(last, viewer) : [])];
    const hidden = lines.length - screen.rows;
    screen.draw(hidden > 0 ? [...lines.slice(0, screen.rows - 1), out.paint.dim(`… ${hidden + 1} more lines`)] : lines);
  };
  const resume = out.holdTalk();
  const screen = new Screen({ resized: draw });
  try {
    await repeat({
      read,
      show: (report) => {
        [last, outage] = [report, undefined];
        draw();
      },
      showOutage: (error) => {
        outage = error;
        draw();
      },
      everyMs,
      signal: screen.signal,
    });
  } finally {
    screen.close();
    resume();
  }
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
