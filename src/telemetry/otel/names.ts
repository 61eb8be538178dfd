import type { Attributes } from '@opentelemetry/api';

/** Names of attributes and metrics: those of the conventions for messaging of OpenTelemetry 1.45, and our own. */
export const ATTRIBUTES = {
  system: 'messaging.system',
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
  batchCount: 'messaging.batch.message_count',
  errorType: 'error.type',
  task: 'nestwork.task.name',
  attempt: 'nestwork.attempt',
  outcome: 'nestwork.outcome',
  wait: 'nestwork.wait.duration',
  added: 'nestwork.added',
  cron: 'nestwork.cron.name',
  group: 'nestwork.group.id',
  link: 'nestwork.link',
} as const;

/** The attributes of an operation of a messaging system. */
export function operation(what: 'send' | 'process'): Attributes {
  return {
    [ATTRIBUTES.system]: 'nestwork',
    [ATTRIBUTES.operationName]: what,
    [ATTRIBUTES.operationType]: what,
  };
}
