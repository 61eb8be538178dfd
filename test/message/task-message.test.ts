import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { NestworkError } from '../../src/errors.js';
import { attemptsOf, encodeAttempt } from '../../src/message/attempt-record.js';
import { HEADER_LENGTH } from '../../src/message/tags.js';
import { attemptOf, decodeMessage, encodeMessage, isQuarantined } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { encodePayload } from '../../src/payload/payload.js';

const CANARY = 'c4n4ry';
const ID = 'k3v9x0q2m7ab00000007';
const ENQUEUED_AT = 1_763_712_000_000;
const HEADER = `${ID}100000mi8kl4w0`;
const RAW = `${HEADER}["ReportTasks.send",[7,{"weekly":true}]]`;

function fault(raw: string): NestworkError {
  try {
    decodeMessage(raw);
  } catch (error) {
    if (error instanceof NestworkError) return error;
    throw error;
  }
  throw new Error('It could be decoded');
}

describe('encodeMessage', () => {
  it('lays out header and body as the scripts expect them', () => {
    const payload = encodePayload([7, { weekly: true }]);
    const raw = encodeMessage({ id: ID, name: 'ReportTasks.send', payload, enqueuedAt: ENQUEUED_AT });
    expect(raw).toBe(RAW);
    expect(raw.slice(0, 20)).toBe(ID);
    expect(raw.slice(20, 25)).toBe('10000');
    expect(Number.parseInt(raw.slice(25, 34), 36)).toBe(ENQUEUED_AT);
    expect(raw.indexOf('[')).toBe(HEADER_LENGTH);
  });

  it.each([0, 1, 36 ** 9 - 1])('keeps its width at time %i', (enqueuedAt) => {
    const raw = encodeMessage({ id: ID, name: 'a', payload: '[]', enqueuedAt });
    expect(raw.indexOf('[')).toBe(HEADER_LENGTH);
    expect(decodeMessage(raw).enqueuedAt).toBe(enqueuedAt);
  });
});

describe('decodeMessage', () => {
  it('reads the output of encodeMessage()', () => {
    expect(decodeMessage(RAW)).toEqual({
      id: ID,
      name: 'ReportTasks.send',
      args: [7, { weekly: true }],
      options: {},
      enqueuedAt: ENQUEUED_AT,
      failures: 0,
      crashes: 0,
      suspicions: 0,
      unique: undefined,
      limited: false,
      limits: [],
      tried: false,
      sealed: false,
      closed: undefined,
    });
  });

  it.each(['started', 'finished'] as const)('carries options, a key until %s, and the history', (unique) => {
    const options = { retries: 3, backoff: { type: 'fixed', delay: 50 }, expires: 9 } as const;
    const message = { id: ID, name: 'a', payload: '[1]', enqueuedAt: ENQUEUED_AT, options };
    const raw = encodeMessage({ ...message, tags: encodeUnique('a', 'key', unique) });
    expect(raw.indexOf('[')).toBe(HEADER_LENGTH + 28);
    const attempt = { at: 7, attempt: 1, code: 'TASK_FAILED', error: 'Error: two\nlines' };
    const tried = raw + encodeAttempt(attempt) + encodeAttempt({ at: 8, code: 'REDRIVEN' });
    expect(decodeMessage(tried)).toMatchObject({ id: ID, name: 'a', args: [1], options, unique, tried: true });
    expect(attemptsOf(tried)).toEqual([attempt, { at: 8, code: 'REDRIVEN' }]);
    expect(attemptsOf(`${raw}\nno JSON\n7`)).toEqual([]);
  });

  it('reads each counter from its own place', () => {
    expect(decodeMessage(`${ID}1zyxw0mi8kl4w0["a",[]]`)).toMatchObject({
      failures: 1_294,
      crashes: 33,
      suspicions: 32,
    });
    expect(decodeMessage(`${ID}112340mi8kl4w0["a",[]]`)).toMatchObject({ failures: 38, crashes: 3, suspicions: 4 });
  });

  it('carries any text and any plain or rich argument', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.bigInt())),
        (name, args) => {
          const raw = encodeMessage({ id: ID, name, payload: encodePayload(args), enqueuedAt: ENQUEUED_AT });
          expect(decodeMessage(raw)).toMatchObject({ id: ID, name, args });
        },
      ),
    );
  });

  it.each([
    ['', 'A message has 0 characters, fewer than the 34 of its header.'],
    [HEADER.slice(0, -1), 'A message has 33 characters, fewer than the 34 of its header.'],
    [`{"task":"${CANARY}","args":["${CANARY}"]}`, 'A message does not begin with a task id.'],
    [RAW.toUpperCase(), 'A message does not begin with a task id.'],
    [`undecodable01234abcd?{"task":"${CANARY}"}`, 'The header of task undecodable01234abcd has something other'],
    [RAW.replace('100000', '10 000'), `The header of task ${ID} has something other`],
    [RAW.replace('mi8kl4w0', 'MI8KL4W0'), `The header of task ${ID} has something other`],
    [HEADER, `The body of task ${ID} is not JSON.`],
    [`${HEADER}["a",["${CANARY}"]`, `The body of task ${ID} is not JSON.`],
    [`${HEADER}["a",["${CANARY}\ud800]`, `The body of task ${ID} is not JSON.`],
    [`${HEADER}"${CANARY}"`, `The body of task ${ID} is not a pair of task name and payload`],
    [`${HEADER}null`, `The body of task ${ID} is not JSON.`],
    [`${HEADER}{"0":"${CANARY}","1":[],"length":2}`, `The body of task ${ID} is not a pair`],
    [`${HEADER}["${CANARY}"]`, `The body of task ${ID} is not a pair`],
    [`${HEADER}["a",[],"${CANARY}"]`, `The options of task ${ID} are not an object.`],
    [`${HEADER}["a",[],["${CANARY}"]]`, `The options of task ${ID} are not an object.`],
    [`${HEADER}["a",[],{"hardTimeout":"${CANARY}"}]`, `The option hardTimeout of task ${ID} is invalid.`],
    [`${HEADER}["a",[],{"backoff":{"type":"${CANARY}","delay":1}}]`, `The option backoff of task ${ID} is invalid.`],
    [`${HEADER}["a",[],{},"${CANARY}"]`, `The body of task ${ID} is not a pair`],
    [`${HEADER}["a",[]\n]`, `The body of task ${ID} is not JSON.`],
    [`${HEADER}[["${CANARY}"],[]]`, `The body of task ${ID} is not a pair`],
    [`${HEADER}["a",{"x":"${CANARY}"}]`, `The payload of task ${ID} is neither an array nor a string.`],
    [`${HEADER}["a",null]`, `The payload of task ${ID} is neither an array nor a string.`],
    [`${HEADER}["a","${CANARY}"]`, `The payload of task ${ID} is a string, but not the text of devalue.`],
    [`${HEADER}["a",[{"x":{"__proto__":{"x":"${CANARY}"}}}]]`, `The payload of task ${ID} has a __proto__ key.`],
    [`${HEADER}["a",[{"\\u005f_proto__":"${CANARY}"}]]`, `The payload of task ${ID} has a __proto__ key.`],
    [`${HEADER}["a",[{"__\\u0070roto__":"${CANARY}"}]]`, `The payload of task ${ID} has a __proto__ key.`],
  ])('refuses %j without showing the payload', (raw, what) => {
    const error = fault(raw);
    expect(error.code).toBe('UNDECODABLE_MESSAGE');
    expect(error.message).toContain(what);
    expect(error.message).toContain('the bytes of the message are kept');
    expect(inspect(error, { depth: 9 })).not.toContain(CANARY);
  });

  it('refuses a body above the limit of a message before it parses it', () => {
    expect(fault(`${HEADER}["a",["${'x'.repeat(2_000_000)}"]]`)).toMatchObject({
      code: 'UNDECODABLE_MESSAGE',
      message: expect.stringContaining(`The body of task ${ID} has 2000010 characters.`),
    });
  });

  it('distinguishes an update in the wrong order from foreign bytes', () => {
    const error = fault(`${ID}2whatever comes then`.padEnd(40));
    expect(error.code).toBe('UNDECODABLE_MESSAGE');
    expect(error.message).toContain(`Task ${ID} was written in message version 2; this worker reads version 1.`);
    expect(error.message).toContain('- Update the workers before the apps that enqueue');
  });

  it('keeps the name of the error underneath, but not its message', () => {
    const { cause } = fault(`${HEADER}["a",["${CANARY}"]`);
    expect(cause).toBeInstanceOf(Error);
    expect((cause as Error).message).toMatch(/^SyntaxError \(its message is withheld/);
  });

  it('decodes any bytes or throws UNDECODABLE_MESSAGE', () => {
    const bytes = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((body) => HEADER + body),
      fc.json().map((payload) => `${HEADER}["a",${payload}]`),
      fc.json().map((text) => `${HEADER}["a",${JSON.stringify(text)}]`),
    );
    fc.assert(
      fc.property(bytes, (raw) => {
        try {
          decodeMessage(raw);
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNDECODABLE_MESSAGE' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('attemptOf', () => {
  it.each([
    [0, 0, 1],
    [2, 0, 3],
    [0, 1, 2],
    [2, 1, 4],
  ])('is the next one after %i failures and %i crashes: %i', (failures, crashes, attempt) => {
    expect(attemptOf({ failures, crashes })).toBe(attempt);
  });
});

describe('isQuarantined', () => {
  it.each([
    ['0000', false],
    ['zz00', false],
    ['0010', true],
    ['0001', true],
    ['000z', true],
  ])('with counters %s: %p', (counters, quarantined) => {
    expect(isQuarantined(`${ID}1${counters}0mi8kl4w0["a",[]]`)).toBe(quarantined);
  });
});
