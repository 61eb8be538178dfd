import { createInterface } from 'node:readline';
import type { Output } from '../terminal/output.js';
import { usageError } from '../terminal/usage.js';

interface Asking {
  readonly out: Output;
  readonly place: string;
}

/** See `InspectorContext.confirm`. */
export async function confirm(
  { out, place }: Asking,
  what: string,
  { yes = false, dryRun = false }: { readonly yes?: boolean; readonly dryRun?: boolean },
): Promise<boolean> {
  const sentence = `${what} on ${place}`;
  if (dryRun) {
    out.say(`Dry run: it would ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}. Nothing is changed.`);
    return false;
  }
  if (yes) return true;
  if (process.stdin.isTTY !== true) {
    throw usageError(`${sentence}? There is no terminal to ask on.`, [
      'Add --yes to do it.',
      'Add --dry-run to see what it would do.',
    ]);
  }
  if (/^y(es)?$/i.test(await answerTo(`${sentence}? [y/N] `))) return true;
  out.say('Nothing is changed.');
  return false;
}

/** Empty for Ctrl-C and Ctrl-D. */
function answerTo(question: string): Promise<string> {
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    questions.once('close', () => {
      process.stderr.write('\n');
      resolve('');
    });
    questions.question(question, (answer) => {
      resolve(answer.trim());
      questions.removeAllListeners('close').close();
    });
  });
}
