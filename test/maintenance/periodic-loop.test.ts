import { type PeriodicLoop, periodically } from '../../src/maintenance/periodic-loop.js';

const NEVER_MS = 60_000;

/** A tick that the test lets end when it wants. */
class Ticks {
  count = 0;
  atOnce = 0;
  mostAtOnce = 0;
  /** Ends the tick under way: with the time until the next, or with an error. */
  end: (next: number | Error) => void = () => {};
  private arrived: () => void = () => {};

  readonly tick = async (): Promise<number> => {
    this.count += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      return await new Promise<number>((resolve, reject) => {
        this.end = (next) => (typeof next === 'number' ? resolve(next) : reject(next));
        this.arrived();
      });
    } finally {
      this.atOnce -= 1;
    }
  };

  /** Resolves at the next tick. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }
}

let ticks: Ticks;
let errors: unknown[];
let loop: PeriodicLoop;
beforeEach(() => {
  ticks = new Ticks();
  errors = [];
  loop = periodically(ticks.tick, 1, (error) => errors.push(error));
});
afterEach(() => {
  ticks.end(NEVER_MS);
  return loop.stop();
});

it('a loop ticks at once when started, and again after the time that each tick returns', async () => {
  loop.start();
  expect(ticks.count).toBe(1);
  for (const count of [2, 3, 4]) {
    const next = ticks.next();
    ticks.end(0);
    await next;
    expect(ticks.count).toBe(count);
  }
});

it('a loop reports a tick that fails, and tries again', async () => {
  loop.start();
  const next = ticks.next();
  ticks.end(new Error('no Redis'));
  await next;
  expect(errors).toEqual([new Error('no Redis')]);
});

it('a loop that is started twice runs once', () => {
  loop.start();
  loop.start();
  expect(ticks.count).toBe(1);
});

describe('stop()', () => {
  it('resolves when the tick under way has ended, and no other follows', async () => {
    loop.start();
    let stopped = false;
    const stopping = loop.stop().then(() => {
      stopped = true;
    });
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    ticks.end(0);
    await stopping;
    await new Promise((resolve) => setTimeout(resolve, 0)); // a timer of the loop would fire before this one
    expect(ticks.count).toBe(1);
  });

  it('ends the wait for the next tick', async () => {
    loop.start();
    ticks.end(NEVER_MS);
    await loop.stop();
    expect(ticks.count).toBe(1);
  });

  it('can be called before start(), and twice', async () => {
    await loop.stop();
    loop.start();
    ticks.end(NEVER_MS);
    await Promise.all([loop.stop(), loop.stop()]);
    expect(ticks.count).toBe(1);
  });

  it('and start() again while a tick is under way never makes two at a time', async () => {
    loop.start();
    const end = ticks.end;
    const stopping = loop.stop();
    loop.start();
    end(0);
    await stopping;
    expect(ticks.mostAtOnce).toBe(1);
  });
});
