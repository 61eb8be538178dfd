import { inspected } from './inspected.js';
import { own, read, readList, readText } from './thrown.js';

const MAX_PROBLEMS = 10;

/**
 * The problems that an error has beside its message: the issues of a schema (zod, valibot and others), or the
 * response of one of Nest's `HttpException`s. Never the input, which may be secret.
 *
 * @returns undefined for other errors
 * @example
 * problemsOf(new BadRequestException(['age must be a number'])); // 'age must be a number'
 */
export function problemsOf(error: object): string | undefined {
  return issuesOf(error) ?? responseOf(error);
}

function issuesOf(error: object): string | undefined {
  const issues = readList(error, 'issues', MAX_PROBLEMS);
  if (!issues || issues.all === 0) return undefined;
  const shown = issues.first.map((issue) => {
    const message = readText(issue, 'message');
    const path = pathOf(issue);
    return message === undefined ? undefined : path === '' ? message : `${path}: ${message}`;
  });
  return shown.includes(undefined) ? undefined : listed(shown as string[], issues.all);
}

/** Of keys, or of objects that hold one. */
function pathOf(issue: unknown): string {
  const path = readList(issue, 'path', MAX_PROBLEMS)?.first ?? [];
  const keys = path.map((part) => {
    const key = typeof part === 'object' && part !== null ? read(part, 'key') : part;
    return typeof key === 'string' || typeof key === 'number' ? String(key) : '…';
  });
  return keys.join('.');
}

/** Recognised by its methods, because an app may have two copies of Nest, and others hang whole responses on their errors. */
function responseOf(error: object): string | undefined {
  if (typeof read(error, 'getStatus') !== 'function' || typeof read(error, 'getResponse') !== 'function') {
    return undefined;
  }
  const response = own(error, 'response');
  if (typeof response === 'string') return response;
  if (typeof response !== 'object' || response === null) return undefined;
  const message = own(response, 'message');
  if (typeof message === 'string') return message;
  const messages = readList(response, 'message', MAX_PROBLEMS);
  return messages ? listed(messages.first.map(inspected), messages.all) : inspected(response);
}

function listed(shown: readonly string[], all: number): string {
  return all > shown.length ? `${shown.join('; ')}; and ${all - shown.length} more` : shown.join('; ');
}
