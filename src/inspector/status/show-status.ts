import type { InspectorContext } from '../inspector-context.js';
import type { StatusReport } from './status-report.js';
import { statusLines, writeStatus } from './status-text.js';

type Showing = Pick<InspectorContext, 'out' | 'place' | 'typed'>;

/** Writes a status once: a JSON line, blocks for a person, or blocks with tabs. */
export function showStatus(report: StatusReport, { out, place, typed }: Showing): void {
  if (out.isJson) out.json(report);
  else if (!out.isTerminal) writeStatus(report, out);
  else out.line(statusLines(report, { width: out.width, paint: out.paint, place, typed }).join('\n'));
}
