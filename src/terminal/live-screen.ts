import type { Output } from './output.js';
import { repeat } from './repeating.js';
import { Screen, type ScreenListener } from './screen.js';

/** Something on a screen of its own that is read and drawn again and again. */
export interface LiveView<T> {
  readonly read: () => Promise<T>;
  /** Takes in the value that was read, or the reason why Redis is away. It is drawn next. */
  readonly take: (value: T | undefined, outage: Error | undefined) => void;
  readonly draw: (size: Pick<Screen, 'columns' | 'rows'>) => readonly string[];
  /** Takes in a key. It is drawn next. */
  readonly key?: ScreenListener['key'];
  readonly everyMs: number;
}

/** Shows it until q, Ctrl-C or a signal; talk waits until then. It outlasts outages of Redis, and rejects with other errors. */
export async function showLive<T>(out: Output, { read, take, draw, key, everyMs }: LiveView<T>): Promise<void> {
  const redraw = (): void => screen.draw(draw(screen));
  const resume = out.holdTalk();
  const screen = new Screen({
    resized: redraw,
    key: (name) => {
      key?.(name);
      redraw();
    },
  });
  const taking = (value: T | undefined, outage?: Error): void => {
    take(value, outage);
    redraw();
  };
  try {
    const { signal } = screen;
    await repeat({ read, show: taking, showOutage: (error) => taking(undefined, error), everyMs, signal });
  } finally {
    screen.close();
    resume();
  }
}
