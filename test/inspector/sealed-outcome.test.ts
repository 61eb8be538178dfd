import { randomBytes } from 'node:crypto';
import { outcomeOf } from '../../src/inspector/tasks/task-outcome.js';
import { encodeDone, encodeDropped, encodeFailed } from '../../src/message/task-result.js';
import { PayloadCodec, PLAIN_PAYLOADS, SEALED_WORD } from '../../src/payload/payload-codec.js';

const ID = 'k3v9x0q2m70000000001';
const payloads = new PayloadCodec({ keys: [randomBytes(32)] });
const sealed = { id: ID, sealed: true, payloads, sealedText: (text: string) => payloads.sealText(text, ID) };
const report = (error: string): string => JSON.stringify({ code: 'TASK_FAILED', error });
const counters = { failures: 1, crashes: 0 };

const ENDS: [string, (owner: typeof sealed | undefined) => string][] = [
  ['done', (owner) => encodeDone({ address: 'anna' }, owner)],
  ['done with a value that cannot be kept', (owner) => encodeDone({ anna: () => {} }, owner)],
  ['dropped', (owner) => encodeDropped(new Error('no anna'), 2, owner)],
  ['dead', (owner) => encodeFailed(counters, report(owner?.sealedText('no anna') ?? 'no anna'))],
];

function outcome(stored: string, codec = payloads) {
  return outcomeOf(ID, { result: { stored }, until: undefined }, codec);
}

it.each(ENDS)('the outcome of a sealed task that is %s is sealed, and has a text with its key alone', (_, end) => {
  const stored = end(sealed);
  expect(stored).not.toContain('anna');
  expect(outcome(stored)).toMatchObject({ sealed: true });
  expect(JSON.stringify([outcome(stored)?.value, outcome(stored)?.error])).toContain('anna');
  const { error, value } = outcome(stored, PLAIN_PAYLOADS) ?? {};
  expect([error ?? SEALED_WORD, value]).toEqual([SEALED_WORD, undefined]);
});

it.each(ENDS)('the outcome of another task that is %s is not sealed', (_, end) => {
  expect(outcome(end(undefined))).toMatchObject({ sealed: false });
});
