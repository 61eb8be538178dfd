import { createInterface } from 'node:readline/promises';
import type { Output } from '../terminal/output.js';
import { usageError } from '../terminal/usage.js';

interface Asking {
  readonly out: Output;
  readonly place: string;
  readonly signal: AbortSignal;
}

/** See `InspectorContext.confirm`. */
export async function confirm(
  { out, place, signal }: Asking,
  what: string,
  { yes = false, dryRun = false }: { readonly yes?: boolean; readonly dryRun?: boolean },
): Promise<boolean> {
  const sentence = `${what} on ${place}`;
  if (dryRun) {
    out.say(`Dry run, nothing is changed: ${sentence}.`);
    return false;
  }
  if (yes) return true;
  if (process.stdin.isTTY !== true) {
    throw usageError(`${sentence}: this needs a confirmation, and there is no terminal to ask on.`, [
      'Add --yes to do it.',
      'Add --dry-run to see what it would do.',
    ]);
  }
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await questions.question(`${sentence}? [y/N] `, { signal });
    if (/^y(es)?$/i.test(answer.trim())) return true;
    out.say('Nothing is changed.');
    return false;
  } finally {
    questions.close();
  }
}
