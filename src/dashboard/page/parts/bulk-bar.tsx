import type { JSX } from 'preact';
import { type BulkProgress, type BulkResult, bulk } from '../api.js';
import { place } from '../router.js';
import { Cell, useCell } from '../store.js';
import { BulkFrame } from './bulk-frame.js';
import { Bar } from './figures.js';
import { dur, n } from './times.js';

/** What is to be done to many tasks, after the question. */
export interface BulkWish {
  /** for the result: `Redriven` */
  readonly past: string;
  /** on the way, where that is another number: `Looked at` */
  readonly under?: string;
  readonly path: string;
  readonly body: object;
  /** undefined where only a part was counted */
  readonly total?: number | undefined;
  /** called after a success */
  readonly done?: () => void;
}

interface Running {
  readonly wish: BulkWish;
  readonly progress: BulkProgress;
  /** by `performance.now()` */
  readonly since: number;
  readonly control: AbortController;
}

interface Ended {
  readonly text: string;
  readonly isFailure?: boolean;
  readonly namespace?: string;
  /** goes on */
  readonly wish?: BulkWish;
  readonly cursor?: string | undefined;
}

const running = new Cell<Running | undefined>(undefined);
const ended = new Cell<Ended | undefined>(undefined);

// what needs nothing more goes with its view
place.follow(() => {
  const { isFailure, cursor } = ended.value ?? {};
  if (!isFailure && cursor === undefined) ended.set(undefined);
});

/** Says in the bar how an action on one task ended, where the view would not show it. */
export function showEnd(text: string): void {
  ended.set({ text });
}

/** Whether the bar shows an action on many tasks, or how one ended: there is place for one. */
export function useBulk(): boolean {
  const [isRunning, hasEnded] = [useCell(running), useCell(ended)];
  return Boolean(isRunning ?? hasEnded);
}

/**
 * Does something to many tasks. The bar shows how far it is, and how it ended, whatever view is open.
 *
 * @throws Error at once when another one is under way
 */
export function startBulk(wish: BulkWish): void {
  if (running.value) throw new Error('Another action is under way.');
  void run(wish);
}

async function run(wish: BulkWish): Promise<void> {
  const control = new AbortController();
  const since = performance.now();
  const { namespace } = place.value;
  const { past, under = past, path, body, total, done } = wish;
  let last: BulkProgress = { handled: 0, count: 0 };
  const onProgress = (progress: BulkProgress): void => {
    last = progress;
    running.set({ wish, progress, since, control });
  };
  const end = (text: string, cursor: string | undefined, isFailure = false): void =>
    ended.set({ wish, text, cursor, isFailure, namespace });
  ended.set(undefined);
  onProgress(last);
  try {
    const result = await bulk(path, body, { onProgress, signal: control.signal });
    end(resultText(wish, result), result.cursor);
    done?.();
  } catch (error) {
    const so = `${under} ${last.handled > 0 ? 'at least ' : ''}${n(shown(wish, last))}${ofTotal(last.total ?? total)}`;
    const isStopped = control.signal.aborted;
    const text = isStopped
      ? `Stopped. ${so}; the rest is as it was.`
      : `${(error as Error).message} ${so} before that.`;
    end(text, last.cursor, !isStopped);
  }
  running.set(undefined);
}

/** The place of the bar, once in the page. */
export function Bulk(): JSX.Element | null {
  const [isRunning, hasEnded] = [useCell(running), useCell(ended)];
  if (isRunning) return <Progress {...isRunning} />;
  return hasEnded ? <Result {...hasEnded} /> : null;
}

function Progress({ wish, progress, since, control }: Running): JSX.Element {
  const { past, under = past } = wish;
  const { handled } = progress;
  const total = progress.total ?? wish.total;
  const seconds = (performance.now() - since) / 1_000;
  const rate = seconds > 0.5 ? handled / seconds : 0;
  return (
    <BulkFrame label="Action under way">
      <b role="status">
        {under} {n(shown(wish, progress))}
        {ofTotal(total)}
      </b>
      {total !== undefined && <Bar part={handled / Math.max(total, 1)} label={under} />}
      <span class="dim grow">
        {rate > 0 && `${n(rate)} / s`}
        {rate > 0 && total !== undefined && handled < total && `, ${dur(((total - handled) / rate) * 1_000)} left`}
      </span>
      <button type="button" onClick={() => control.abort()}>
        Stop here
      </button>
    </BulkFrame>
  );
}

function Result({ wish, text, isFailure, cursor, namespace }: Ended): JSX.Element {
  const goOn = (of: BulkWish): void =>
    startBulk({ ...of, body: { ...of.body, total: undefined, cursor }, total: undefined });
  return (
    <BulkFrame label="Result of the action">
      <b class={`grow ${isFailure ? 'failure' : ''}`} role="status">
        {text}
      </b>
      {wish && cursor !== undefined && namespace === place.value.namespace && (
        <button type="button" onClick={() => goOn(wish)}>
          Go on
        </button>
      )}
      <button type="button" onClick={() => ended.set(undefined)}>
        Done
      </button>
    </BulkFrame>
  );
}

/** Tasks that were done, and not those that were passed over. */
const shown = ({ under }: BulkWish, { handled, count }: BulkProgress): number => (under ? handled : count);

const ofTotal = (total: number | undefined): string => (total === undefined ? '' : ` of ${n(total)}`);

function resultText({ past, total }: BulkWish, { count, skipped = {} }: BulkResult): string {
  const others = Object.entries(skipped).map(([why, many]) => `${n(many)} ${why}`);
  const left = others.length > 0 ? ` Left as they were: ${others.join(', ')}.` : '';
  return `${past} ${n(count)}${total === count ? '' : ofTotal(total)}.${left}`;
}
