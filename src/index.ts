export type {
  BroadcastOutcome,
  RecordedGap,
  RedisAddress,
  RedisSettings,
  StreamGap,
  TaskState,
} from './broker/port/broker.js';
export type { Culprit, GroupCounts, GroupKind, GroupState } from './broker/port/group-port.js';
export { QueueClient, type ResultOf, type TaskClass, type TaskSenders } from './client/queue-client.js';
export type { SendOptions } from './client/send-options.js';
export type { TaskHandle, TaskStatus } from './client/task-handle.js';
export { TaskSender } from './client/task-sender.js';
export type { TransactionClient } from './client/transaction-client.js';
export type { CronOverlap, MissedRuns } from './cron/cron-definition.js';
export type { CronMissedReason, CronOutcome } from './cron/cron-history.js';
export { Broadcast, type BroadcastOptions } from './decorators/broadcast.decorator.js';
export { Cron } from './decorators/cron.decorator.js';
export type { CronDecorator } from './decorators/cron-decorator-type.js';
export { CronExpression } from './decorators/cron-expression.js';
export type { CronSettings } from './decorators/cron-from.js';
export type { CronOptions, IntervalOptions, ScheduleOptions } from './decorators/cron-options.js';
export { Interval } from './decorators/interval.decorator.js';
export { Payload, type PayloadOptions } from './decorators/payload.decorator.js';
export { Task, type TaskOptions } from './decorators/task.decorator.js';
export type { TaskDecorator } from './decorators/task-decorator.js';
export { TaskHooks } from './decorators/task-hooks.decorator.js';
export { Timeout, type TimeoutOptions } from './decorators/timeout.decorator.js';
export { type TaskContextType, TaskExecutionContext } from './discovery/task-execution-context.js';
export { EnqueueUnconfirmedError, type ErrorCode, NestworkError } from './errors.js';
export { Batch, type BatchBuilder, type BatchOfTask } from './groups/batch.js';
export type { BatchStatus } from './groups/batch-status.js';
export type { Calls } from './groups/fill.js';
export { Flow, type FlowBuilder, type FlowStatus } from './groups/flow.js';
export type { NodeAdder } from './groups/flow-nodes.js';
export type { FlowOfTask } from './groups/flow-of-task.js';
export type {
  ArgumentOf,
  CannotBeRef,
  FlowArguments,
  FlowOptions,
  NodeOptions,
  ResultFor,
} from './groups/flow-options.js';
export type { BatchOptions, GroupOptions } from './groups/group-options.js';
export type { GroupSender } from './groups/member-call.js';
export { Ref } from './groups/ref.js';
export { type ActionListOptions, ActionLog, type ActionRecord } from './inspector/actions/action-log.js';
export type { ActorOptions } from './inspector/actor.js';
export { BroadcastLog } from './inspector/broadcast-log.js';
export { createInspector, type InspectorOptions } from './inspector/create-inspector.js';
export type {
  CronEndedRun,
  CronHistoryEntry,
  CronHistoryOptions,
  CronMissedTimes,
  CronSkippedRun,
} from './inspector/cron-history.js';
export type { CronInfo, CronRunInfo } from './inspector/cron-info.js';
export type { CronListOptions } from './inspector/cron-list-options.js';
export { type CronDeclarer, CronManager, type CronRunHandle, type CronSetReport } from './inspector/cron-manager.js';
export type { CronSetOptions, CronTask, CronTiming } from './inspector/cron-set-options.js';
export type { DeadBulkOptions, DeadProgress } from './inspector/dead-bulk.js';
export type { DeadFilter } from './inspector/dead-filter.js';
export type { DeadGroup, DeadGroupOptions, DeadGroups } from './inspector/dead-groups.js';
export { DeadLetters, type DeadLookup, type RedriveOptions } from './inspector/dead-letters.js';
export type { DeadPage, DeadPageOptions } from './inspector/dead-paging.js';
export type { DeadTask } from './inspector/dead-task.js';
export type {
  DoctorCheck,
  DoctorCheckName,
  DoctorCode,
  DoctorFinding,
  DoctorOptions,
} from './inspector/doctor/doctor-report.js';
export { GroupInspector } from './inspector/groups/group-inspector.js';
export type {
  FlowNodeOptions,
  FlowNodePage,
  GroupListOptions,
  GroupPage,
} from './inspector/groups/group-list.js';
export type { GroupOfTask } from './inspector/groups/group-of-task.js';
export type { FlowNode, FlowNodeState, GroupReport } from './inspector/groups/group-report.js';
export { TaskHealthIndicator, type TaskHealthOptions, type TaskHealthResult } from './inspector/health-indicator.js';
export { Inspector } from './inspector/inspector.js';
export { LimitInspector } from './inspector/limits/limit-inspector.js';
export type {
  LimitChange,
  LimitKeyListOptions,
  LimitKeyPage,
  LimitListOptions,
  LimitPage,
  LimitResetOptions,
  LimitScope,
  LimitSetOptions,
} from './inspector/limits/limit-options.js';
export type {
  ClosedLimitReport,
  LimitAllowance,
  LimitChanged,
  LimitKeyReport,
  LimitReport,
  LimitReset,
  LimitSetReport,
} from './inspector/limits/limit-report.js';
export { MetricsReader } from './inspector/metrics/metrics-reader.js';
export type {
  MetricsFilter,
  MetricsSummary,
  QueueRates,
  QueueSummary,
  RatePoint,
  Rates,
  RatesOptions,
  SummaryOptions,
  TaskSummary,
  TimeBucket,
  TimeSummary,
} from './inspector/metrics/metrics-report.js';
export type { OnTaskDead } from './inspector/on-task-dead.js';
export type { OutboxReport } from './inspector/outbox/outbox-report.js';
export type { OutboxStatus } from './inspector/outbox/outbox-status.js';
export {
  type HealthReport,
  QueueHealth,
  type QueueHealthOptions,
  type QueueReport,
} from './inspector/queue-health.js';
export { QueueInspector } from './inspector/queues/queue-inspector.js';
export type { QueuePause, QueuePauseOptions, QueueResumeOptions } from './inspector/queues/queue-pauses.js';
export type {
  QueueStatus,
  StatusFinding,
  StatusFindingCode,
  StatusMinute,
  StatusOptions,
  StatusReport,
  StatusThroughput,
} from './inspector/status/status-report.js';
export type { TaskLimit, TaskLine } from './inspector/tasks/line-text.js';
export type { ListedState, ListedTask, TaskWorker } from './inspector/tasks/listed-task.js';
export type { SendByNameOptions, SentByName } from './inspector/tasks/send-by-name.js';
export type { TaskDetails } from './inspector/tasks/task-details.js';
export type { ExplanationCode, TaskExplanation } from './inspector/tasks/task-explanation.js';
export { type FoundState, type TaskActionOptions, TaskInspector } from './inspector/tasks/task-inspector.js';
export type { TaskListOptions, TaskPage } from './inspector/tasks/task-list-options.js';
export type { TaskOutcome } from './inspector/tasks/task-outcome.js';
export type {
  PurgeFilter,
  PurgeOptions,
  PurgePreview,
  PurgeProgress,
  PurgeResult,
} from './inspector/tasks/task-purge.js';
export { type WorkerControlOptions, WorkerInspector } from './inspector/workers/worker-inspector.js';
export type {
  ActiveTask,
  LapsedWorker,
  WorkerChild,
  WorkerOrderInfo,
  WorkerReport,
  WorkerRestart,
} from './inspector/workers/worker-report.js';
export type { AttemptRecord } from './message/attempt-record.js';
export type { EditRecord } from './message/edited-message.js';
export type { GivenHeaders, TaskHeaders } from './message/headers.js';
export type { RefFailure } from './message/task-refs.js';
export type { UniqueUntil } from './message/unique-key.js';
export { TaskQueueModule } from './module/task-queue.module.js';
export { WorkerFactory, type WorkerFactoryOptions } from './module/worker-factory.js';
export type {
  ChildrenRange,
  GlobalEnhancerKinds,
  InProcessOptions,
  QueueOptions,
  TaskQueueOptions,
  TaskQueueOptionsFactory,
  WorkerOptions,
} from './options/options.js';
export { Outbox } from './outbox/outbox.js';
export type { OutboxAsideRow, OutboxQueueCounts } from './outbox/outbox-rows.js';
export type { EncryptOptions, PayloadKey, StoredPayloadOptions } from './payload/payload-options.js';
export { GuardRefusedError, InvalidPayloadError, type PayloadProblem } from './payload/refusals.js';
export type { CannotBeSent } from './payload/sendable.js';
export type { PayloadOf, StandardSchema } from './payload/standard-schema.js';
export type { BackoffFunction, BackoffOptions, RetryBackoff } from './policy/backoff.js';
export type { KeyFunction, LimitOptions, QueueLimit } from './policy/limit-options.js';
export type { CallPolicyOptions, ErrorClass, PolicyOptions } from './policy/policy-options.js';
export type { Rate } from './policy/rate.js';
export type { StartOptions } from './policy/start-options.js';
export { DropTask, HardTimeoutError, RetryTask, SoftTimeoutError, TaskCancelledError } from './policy/task-errors.js';
export { ResultExpiredError, ResultTimeoutError, TaskFailedError } from './results/result-errors.js';
export type { ResultOptions } from './results/result-options.js';
export type { BroadcastScope } from './task/broadcast.js';
export type { TaskCounters } from './task/task-counts.js';
export type {
  AttemptOutcome,
  OnTaskFailure,
  OnTaskOutcome,
  OnTaskStart,
  OnTaskSuccess,
  SendInfo,
  SentTask,
  TaskInfo,
  WrapSend,
  WrapTask,
} from './task/task-hooks.js';
export type { TaskLogLine, TaskProgress } from './task/task-notes.js';
export type { ByteSize } from './values/byte-size.js';
export type { Duration } from './values/duration.js';
export type { ErrorCodes } from './values/error-codes.js';
export { Inbox, type InboxStep } from './worker/inbox.js';
export { TaskContext } from './worker/task-context.js';
export { TaskLogger } from './worker/task-logger.js';
