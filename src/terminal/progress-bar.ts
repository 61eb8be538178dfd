import { count } from '../values/counted.js';
import { ago, bar } from './figures.js';
import type { Output } from './output.js';

const WIDTH = 24;

/** Progress of a bulk action: a bar with rate and time left on a terminal, a line for each tenth elsewhere. */
export interface ProgressBar {
  /** how many were done at the last call of `show` */
  readonly done: number;
  readonly show: (progress: { readonly done: number; readonly total: number }) => void;
  end(): void;
}

/** @param verb what is done: `Deleted` */
export function progressBar(out: Output, verb: string, now: () => number = () => performance.now()): ProgressBar {
  const startedAt = now();
  let tenths = 0;
  const progress = {
    done: 0,
    show: ({ done, total }: { readonly done: number; readonly total: number }) => {
      progress.done = done;
      const part = total === 0 ? 1 : done / total;
      const seconds = (now() - startedAt) / 1_000;
      const rate = seconds > 0 ? done / seconds : 0;
      const left = rate > 0 && done < total ? `, ${ago(((total - done) / rate) * 1_000)} left` : '';
      const figures = `${verb} ${count(done)} of ${count(total)}, ${count(Math.round(rate))}/s${left}`;
      if (out.talksToTerminal) out.overwrite(`${bar(part, WIDTH)} ${figures}`);
      else if (Math.floor(part * 10) > tenths) {
        tenths = Math.floor(part * 10);
        out.say(figures);
      }
    },
    end: () => out.overwrite(''),
  };
  return progress;
}
