import { Logger } from '@nestjs/common';
import { type DashboardAuditEntry, QueueDashboardModule } from 'nestwork/dashboard';
import { LocalGuard } from './local.guard.js';

const logger = new Logger('Dashboard');

/** The dashboard of the queues, at `/queues`. In a worker, which serves no HTTP, it does nothing. */
export const dashboard = QueueDashboardModule.forRoot({
  path: 'queues',
  guards: [LocalGuard],
  // the app knows no people; one that does has them in `request.user`
  user: () => 'somebody on this machine',
  // the addresses that reports are mailed to
  redact: [(_value, { task, path }) => task === 'NoticeTasks.mailReport' && path === '[1]'],
  audit: (entry) => logger.log(lineOf(entry)),
});

function lineOf({ by, action, subject, outcome, count }: DashboardAuditEntry): string {
  const { namespace: _, ...rest } = subject;
  const on = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [`${action} by ${by}: ${outcome}, ${count}`, ...on].join(', ');
}
