import { NestworkError } from '../errors.js';
import { shown } from './shown.js';

const QUEUE_OR_NAMESPACE = /^[A-Za-z0-9_.-]{1,100}$/;
const QUEUE_OR_NAMESPACE_FORM = '1 to 100 characters of A-Z, a-z, 0-9, "_", "." and "-"';
const TASK = /^[A-Za-z0-9_.:$-]{1,200}$/;
const TASK_FORM = '1 to 200 characters of A-Z, a-z, 0-9, "_", ".", ":", "$" and "-"';

/**
 * Refuses what cannot be the name of a queue: 1 to 100 characters of `[A-Za-z0-9_.-]`.
 *
 * @param where who gave it, for the error
 * @throws NestworkError `INVALID_NAME`, naming the value and the allowed form
 *
 * @example
 * assertQueueName('critical');
 * assertQueueName('my queue'); // throws
 */
export function assertQueueName(value: unknown, where?: string): asserts value is string {
  assertName('queue', value, QUEUE_OR_NAMESPACE, { form: QUEUE_OR_NAMESPACE_FORM, where });
}

/**
 * Refuses what cannot be the name of a task: 1 to 200 characters of `[A-Za-z0-9_.:$-]`.
 *
 * @param where who gave it, for the error
 * @throws NestworkError `INVALID_NAME`, naming the value and the allowed form
 *
 * @example
 * assertTaskName('ReportTasks.send');
 * assertTaskName('send report'); // throws
 */
export function assertTaskName(value: unknown, where?: string): asserts value is string {
  assertName('task', value, TASK, { form: TASK_FORM, where });
}

/**
 * Refuses what cannot be a namespace, the prefix of all keys of one app: 1 to 100 characters of `[A-Za-z0-9_.-]`.
 *
 * Braces are not among them: the namespace stands inside the hash tag of a key.
 *
 * @throws NestworkError `INVALID_NAME`, naming the value and the allowed form
 *
 * @example
 * assertNamespace('shop-production');
 * assertNamespace('{shop}'); // throws
 */
export function assertNamespace(value: unknown): asserts value is string {
  assertName('namespace', value, QUEUE_OR_NAMESPACE, { form: QUEUE_OR_NAMESPACE_FORM });
}

interface Rule {
  /** the allowed form, in words */
  readonly form: string;
  /** who gave the name, for the error: '@Task() on ReportTasks.send' */
  readonly where?: string;
}

function assertName(kind: 'queue' | 'task' | 'namespace', value: unknown, name: RegExp, { form, where }: Rule): void {
  if (typeof value === 'string' && name.test(value)) return;
  const subject = kind === 'namespace' ? 'namespace' : `${kind} name`;
  throw new NestworkError(
    'INVALID_NAME',
    `${shown(value)} is not a valid ${subject}${where === undefined ? '' : `, given by ${where}`}.`,
    `Use ${form}.`,
  );
}
