export { type QueueDashboardAsyncOptions, QueueDashboardModule } from './dashboard.module.js';
export type {
  DashboardAuditEntry,
  DashboardPlace,
  DashboardRequest,
  DashboardSettings,
  QueueDashboardOptions,
  RedactFunction,
} from './options.js';
export type { DashboardAction, DashboardSubject } from './rights.js';
