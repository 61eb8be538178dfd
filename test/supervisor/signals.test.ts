import { jest } from '@jest/globals';
import { onStopSignals } from '../../src/supervisor/signals.js';

const SECOND = 1_000;
let nowMs = 5 * SECOND;
beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function send(signal: NodeJS.Signals, afterMs: number): void {
  nowMs += afterMs;
  process.emit(signal, signal);
}

/** The signals that a listener gets. */
function counted(act: () => void, options?: Parameters<typeof onStopSignals>[1]): string[] {
  const seen: string[] = [];
  const unlisten = onStopSignals((signal) => void seen.push(signal), options);
  act();
  unlisten();
  return seen;
}

describe('signals to stop', () => {
  it('count as one if they follow one another within a second', () => {
    const seen = counted(() => {
      send('SIGINT', 0);
      send('SIGTERM', 400);
      send('SIGINT', 599);
    });
    expect(seen).toEqual(['SIGINT']);
  });

  it('count as two if a second lies between them', () => {
    const seen = counted(() => {
      send('SIGTERM', 0);
      send('SIGTERM', SECOND);
    });
    expect(seen).toEqual(['SIGTERM', 'SIGTERM']);
  });

  it('do not count while they may repeat the one that was handled before', () => {
    const seen = counted(
      () => {
        send('SIGTERM', 500);
        send('SIGTERM', 500);
      },
      { lastMs: nowMs },
    );
    expect(seen).toEqual(['SIGTERM']);
  });
});
