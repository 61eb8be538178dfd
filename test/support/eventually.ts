import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 30_000;
const PAUSE_MS = 10;

/** Repeats an expectation until it holds. Rejects with its last error when that takes too long. */
export async function eventually(expectation: () => unknown): Promise<void> {
  for (const endsAt = performance.now() + PATIENCE_MS; ; await delay(PAUSE_MS)) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (performance.now() > endsAt) throw error;
    }
  }
}
