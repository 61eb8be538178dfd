import { counted } from '../../values/counted.js';
import { quoted } from '../../values/shell-word.js';
import type { OutboxStatus } from '../outbox/outbox-status.js';
import { outboxFaults } from '../outbox/outbox-text.js';
import { finding, judged, type Outcome, ok } from './outcome.js';

/** @param now in ms since 1970, by the clock of Redis */
export function judgeOutboxes(outboxes: readonly OutboxStatus[], now: number): Outcome {
  if (outboxes.length === 0) return ok('No relay has noted an outbox within a day.');
  const rows = outboxes.reduce((sum, { waiting }) => sum + waiting, 0);
  const findings = outboxFaults(outboxes, new Date(now)).map(({ code, table, what, remedy, command }) =>
    finding(code, `outbox ${table}`, {
      what: `It ${what}`,
      remedy,
      command: ['npx nestwork', ...command.map(quoted)].join(' '),
    }),
  );
  const known = counted(outboxes.length, 'outbox', 'outboxes');
  return judged(`${known}; ${counted(rows, 'row waits', 'rows wait')}.`, findings);
}
