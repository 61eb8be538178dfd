import { NestworkError } from '../errors.js';
import { shown } from './shown.js';

const SHORT = {
  form: /^[A-Za-z0-9_.-]{1,100}$/,
  words: '1 to 100 characters of A-Z, a-z, 0-9, "_", "." and "-"',
};
const WITH_COLONS = {
  form: /^[A-Za-z0-9_.:-]{1,100}$/,
  words: '1 to 100 characters of A-Z, a-z, 0-9, "_", ".", ":" and "-"',
};
const TASK = {
  form: /^[A-Za-z0-9_.:$-]{1,200}$/,
  words: '1 to 200 characters of A-Z, a-z, 0-9, "_", ".", ":", "$" and "-"',
};
const FORMS = {
  namespace: SHORT,
  'queue name': SHORT,
  'task name': TASK,
  'cron name': TASK,
  'limit name': WITH_COLONS,
  'step name': WITH_COLONS,
};

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
  assertName('queue name', value, where);
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
  assertName('task name', value, where);
}

/**
 * Refuses what cannot be the name of a cron: what cannot be that of a task.
 *
 * @param where who gave it, for the error
 * @throws NestworkError `INVALID_NAME`, naming the value and the allowed form
 *
 * @example
 * assertCronName('tenant-7.report');
 * assertCronName('report of tenant 7'); // throws
 */
export function assertCronName(value: unknown, where?: string): asserts value is string {
  assertName('cron name', value, where);
}

/**
 * Refuses what cannot be the name of a limit: 1 to 100 characters of `[A-Za-z0-9_.:-]`.
 *
 * @param where who gave it, for the error
 * @throws NestworkError `INVALID_NAME`, naming the value and the allowed form
 *
 * @example
 * assertLimitName('stripe');
 * assertLimitName('stripe api'); // throws
 */
export function assertLimitName(value: unknown, where?: string): asserts value is string {
  assertName('limit name', value, where);
}

/**
 * Refuses what cannot be the name of a step of a task: 1 to 100 characters of `[A-Za-z0-9_.:-]`.
 *
 * @param where who gave it, for the error
 * @throws NestworkError `INVALID_NAME`, naming the value and the allowed form
 *
 * @example
 * assertStepName('charge');
 * assertStepName('charge it'); // throws
 */
export function assertStepName(value: unknown, where?: string): asserts value is string {
  assertName('step name', value, where);
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
  assertName('namespace', value);
}

function assertName(kind: keyof typeof FORMS, value: unknown, where?: string): void {
  const { form, words } = FORMS[kind];
  if (typeof value === 'string' && form.test(value)) return;
  const giver = where === undefined ? '' : `, given by ${where}`;
  throw new NestworkError('INVALID_NAME', `${shown(value)} is not a valid ${kind}${giver}.`, `Use ${words}.`);
}
