import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type BulkProgress, type BulkResult, bulk } from '../api.js';
import { BulkFrame } from './bulk-frame.js';
import { Bar } from './figures.js';
import { dur, n } from './times.js';

/** What is to be done to many tasks, after the question. */
export interface BulkWish {
  /** for the result: `Redriven` */
  readonly past: string;
  readonly path: string;
  readonly body: object;
  /** undefined where only a part was counted */
  readonly total?: number | undefined;
  /** called when it ends, however that is */
  readonly done?: () => void;
}

interface Running {
  readonly wish: BulkWish;
  readonly progress: BulkProgress;
  /** by `performance.now()` */
  readonly since: number;
}

interface Ended {
  readonly wish: BulkWish;
  readonly text: string;
  readonly isFailure: boolean;
  /** goes on */
  readonly cursor: string | undefined;
}

/** Carries out actions on many tasks, one at a time. The bar shows how far one is, and how it ended. */
export function useBulk(): { readonly bar: JSX.Element | null; readonly start: (wish: BulkWish) => Promise<void> } {
  const [running, setRunning] = useState<Running>();
  const [ended, setEnded] = useState<Ended>();
  const control = useRef<AbortController>(undefined);
  const start = async (wish: BulkWish): Promise<void> => {
    const mine = new AbortController();
    control.current = mine;
    const since = performance.now();
    let last: BulkProgress = { handled: 0 };
    const onProgress = (progress: BulkProgress): void => {
      last = progress;
      setRunning({ wish, progress, since });
    };
    setEnded(undefined);
    onProgress(last);
    try {
      const result = await bulk(wish.path, wish.body, { onProgress, signal: mine.signal });
      setEnded({ wish, text: resultText(wish, result), isFailure: false, cursor: result.cursor });
    } catch (error) {
      const { message } = error as Error;
      const so = `${wish.past} ${last.handled > 0 ? 'at least ' : ''}${n(last.handled)}${ofTotal(wish.total)}`;
      const text = mine.signal.aborted ? `Stopped. ${so}; the rest is as it was.` : `${message} ${so} before that.`;
      setEnded({ wish, text, isFailure: !mine.signal.aborted, cursor: last.cursor });
    }
    setRunning(undefined);
    wish.done?.();
  };
  const stop = (): void => control.current?.abort();
  const bar = running ? (
    <Progress {...running} stop={stop} />
  ) : (
    ended && <Result {...ended} start={start} close={() => setEnded(undefined)} />
  );
  return { bar: bar ?? null, start };
}

function Progress({ wish, progress, since, stop }: Running & { readonly stop: () => void }): JSX.Element {
  const { handled } = progress;
  const total = progress.total ?? wish.total;
  const seconds = (performance.now() - since) / 1_000;
  const rate = seconds > 0.5 ? handled / seconds : 0;
  const left =
    total !== undefined && rate > 0 && handled < total ? `, ${dur(((total - handled) / rate) * 1_000)} left` : '';
  return (
    <BulkFrame label="Action under way">
      <b role="status">
        {wish.past} {n(handled)}
        {ofTotal(total)}
      </b>
      {total !== undefined && <Bar part={handled / Math.max(total, 1)} label={wish.past} />}
      <span class="dim">
        {rate > 0 && `${n(rate)} / s`}
        {left}
      </span>
      <span class="grow" />
      <button type="button" onClick={stop}>
        Stop here
      </button>
    </BulkFrame>
  );
}

interface ResultProps extends Ended {
  readonly start: (wish: BulkWish) => Promise<void>;
  readonly close: () => void;
}

function Result({ wish, text, isFailure, cursor, start, close }: ResultProps): JSX.Element {
  return (
    <BulkFrame label="Result of the action">
      <b class={`grow ${isFailure ? 'failure' : ''}`} role="status">
        {text}
      </b>
      {cursor !== undefined && (
        <button
          type="button"
          onClick={() => void start({ ...wish, body: { ...wish.body, total: undefined, cursor }, total: undefined })}
        >
          Go on
        </button>
      )}
      <button type="button" onClick={close}>
        Done
      </button>
    </BulkFrame>
  );
}

const ofTotal = (total: number | undefined): string => (total === undefined ? '' : ` of ${n(total)}`);

function resultText({ past, total }: BulkWish, { count, skipped = {} }: BulkResult): string {
  const others = Object.entries(skipped).map(([why, many]) => `${n(many)} ${why}`);
  const left = others.length > 0 ? ` Left as they were: ${others.join(', ')}.` : '';
  return `${past} ${n(count)}${total === count ? '' : ofTotal(total)}.${left}`;
}
