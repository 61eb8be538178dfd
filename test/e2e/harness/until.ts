import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/** Resolves when the condition holds; rejects when it does not come to. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await delay(5);
  }
}
