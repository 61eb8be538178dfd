import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { BulkProgress, BulkResult } from '../http/route.js';
import { place, search } from './router.js';
import { followRest, rests } from './settings.js';
import { Cell } from './store.js';

export type { BulkProgress, BulkResult };

/** The page finds the server beside its script, whatever prefix or proxy is before it. */
const BASE = new URL('../api/', import.meta.url);

/** An answer that is no success, or none at all. */
export class ApiError extends Error {
  constructor(
    /** of nestwork, or `NO_ANSWER`, `NO_SESSION` */
    readonly code: string,
    message: string,
    readonly remedy: readonly string[] = [],
    /** of HTTP; 0 without an answer */
    readonly status: number = 0,
  ) {
    super(message);
  }

  /** whether Redis is away, and not the dashboard */
  get isRedis(): boolean {
    return this.status === 503 && this.code.startsWith('REDIS_');
  }
}

/** An error as the page shows it: what is none of the server is one of the way to it. */
export function known(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('NO_ANSWER', String(error));
}

export type ReadQuery = Parameters<typeof search>[0];

/** Counts what was done from this page: lists read themselves anew. */
export const changes = new Cell(0);
/** Counts denials: rights may have changed since the page was opened. */
export const denials = new Cell(0);

export function address(path: string, query: ReadQuery = {}): string {
  return new URL(`${path}?${search({ in: place.value.namespace, ...query })}`, BASE).href;
}

/** @throws ApiError */
async function answerOf(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { ...init.headers, accept: 'application/json' } });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiError('NO_ANSWER', 'The dashboard does not answer.', ['Look whether the app runs.']);
  }
  const isData = /json/.test(response.headers.get('content-type') ?? '');
  if (response.ok && isData) return response;
  if (response.status === 403 || response.status === 401) denials.set(denials.value + 1);
  const body = isData ? ((await response.json()) as Partial<ApiError>) : {};
  // a login page answers 200, with HTML
  const text = response.ok ? 'The app asks for a new sign-in.' : `The app answered ${response.status}.`;
  const remedy = Array.isArray(body.remedy) ? body.remedy : ['Open this page again.'];
  throw new ApiError(body.code ?? 'NO_SESSION', String(body.message ?? text), remedy, response.status);
}

/** What is the same in all namespaces. @throws ApiError */
export async function fetched<T>(path: string, query?: ReadQuery, signal?: AbortSignal): Promise<T> {
  return (await (await answerOf(address(path, query), { signal: signal ?? null })).json()) as T;
}

/**
 * @throws ApiError also when another namespace is shown by then: a question that is asked too late would act there
 */
export async function get<T>(path: string, query?: ReadQuery, signal?: AbortSignal): Promise<T> {
  const { namespace } = place.value;
  const answer = await fetched<T>(path, query, signal);
  if (namespace === place.value.namespace) return answer;
  throw new ApiError('MOVED', 'Another namespace is shown.');
}

function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return answerOf(address(path), { method: 'POST', headers, body: JSON.stringify(body), signal: signal ?? null });
}

/**
 * Does one thing.
 *
 * @throws ApiError
 */
export async function act<T = unknown>(path: string, body: object): Promise<T> {
  const response = await post(path, body);
  const answer = (await response.json()) as T;
  changes.set(changes.value + 1);
  return answer;
}

/**
 * Does one thing to many tasks, and reports how far it is. It ends early when the signal aborts: the server stops too.
 *
 * @throws ApiError, AbortError
 */
export async function bulk(
  path: string,
  body: object,
  {
    onProgress,
    signal,
  }: { readonly onProgress?: (progress: BulkProgress) => void; readonly signal?: AbortSignal } = {},
): Promise<BulkResult> {
  try {
    const response = await post(path, body, signal);
    for await (const line of linesOf(response)) {
      const { progress, result, error } = JSON.parse(line) as {
        progress?: BulkProgress;
        result?: BulkResult;
        error?: ApiError;
      };
      if (error) throw new ApiError(error.code, error.message, error.remedy, 200);
      if (result) return result;
      if (progress) onProgress?.(progress);
    }
    throw new ApiError('NO_ANSWER', 'The connection was lost on the way. What was done stays done.');
  } finally {
    changes.set(changes.value + 1);
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter(Boolean);
    if (done) return;
  }
}

/** What was read last. */
export interface Reading<T> {
  /** stays while it is read anew; undefined before the first answer */
  readonly data: T | undefined;
  /** of the last try; undefined after a success */
  readonly error: ApiError | undefined;
  /** reads it anew */
  readonly again: () => void;
}

/**
 * Reads something from the server, again when the query changes, after each action from this page, and every so many ms while
 * somebody looks. The last data stays meanwhile.
 *
 * @param path below `api/`; undefined asks nothing
 */
export function useRead<T>(
  path: string | undefined,
  query: ReadQuery = {},
  { everyMs }: { readonly everyMs?: number } = {},
): Reading<T> {
  const [state, set] = useState<Omit<Reading<T>, 'again'>>({ data: undefined, error: undefined });
  const url = path === undefined ? undefined : address(path, query);
  const latest = useRef<() => void>(() => {});
  // a change of it alone asks nothing anew
  const every = useRef(everyMs);
  every.current = everyMs;
  useEffect(() => {
    if (url === undefined) return;
    let [timer, running] = [0, new AbortController()];
    let due = false;
    const run = async (): Promise<void> => {
      clearTimeout(timer);
      running.abort();
      const mine = new AbortController();
      running = mine;
      due = false;
      try {
        const response = await answerOf(url, { signal: mine.signal });
        const data = (await response.json()) as T;
        if (!mine.signal.aborted) set({ data, error: undefined });
      } catch (error) {
        if (mine.signal.aborted) return;
        const failure = known(error);
        set((before) => ({ ...before, error: failure }));
        // the same question gets the same answer
        if (failure.status === 400) return;
      }
      if (every.current !== undefined && !mine.signal.aborted) timer = window.setTimeout(next, every.current);
    };
    const next = (): void => {
      if (every.current === undefined) return;
      if (rests()) due = true;
      else void run();
    };
    latest.current = () => void run();
    const ends = [changes.follow(() => void run()), followRest(() => !rests() && due && void run())];
    void run();
    return () => {
      clearTimeout(timer);
      running.abort();
      for (const end of ends) end();
    };
  }, [url]);
  const again = useCallback(() => latest.current(), []);
  return { ...state, again };
}
