import { BadRequestException, HttpException, ValidationPipe } from '@nestjs/common';
import { Type } from 'class-transformer';
import { MinLength, ValidateNested } from 'class-validator';
import * as v from 'valibot';
import { z } from 'zod';
import { NestworkError } from '../../src/errors.js';
import { errorText } from '../../src/values/error-text.js';

const refused = (address: string): Error =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED', address });
const caused = (message: string, cause: unknown): Error => new Error(message, { cause });

/** As Node rejects where both addresses of a host refuse. */
function dualStack(): Error {
  const error = new AggregateError([refused('::1:5432'), refused('127.0.0.1:5432')], '');
  return Object.assign(error, { code: 'ECONNREFUSED' });
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('errorText()', () => {
  it.each<[string, unknown, string]>([
    [
      'its cause',
      new TypeError('fetch failed', { cause: refused('127.0.0.1:443') }),
      'TypeError: fetch failed (caused by Error: connect ECONNREFUSED 127.0.0.1:443)',
    ],
    [
      'the errors of an empty AggregateError',
      dualStack(),
      'AggregateError [ECONNREFUSED]: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432',
    ],
    [
      'an AggregateError as a cause',
      new TypeError('fetch failed', { cause: dualStack() }),
      'TypeError: fetch failed (caused by AggregateError [ECONNREFUSED]: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432)',
    ],
    [
      'the errors of one with a message',
      new AggregateError([new TypeError('a'), caused('b', 'c')], 'All failed'),
      'AggregateError: All failed (errors: TypeError: a; b (caused by c))',
    ],
    [
      'a code that the message lacks',
      Object.assign(new Error('duplicate key'), { code: '23505' }),
      'Error [23505]: duplicate key',
    ],
    ['a number as its code', Object.assign(new Error('write conflict'), { code: 112 }), 'Error [112]: write conflict'],
    ['a code that the message has, once', refused('::1:1'), 'Error: connect ECONNREFUSED ::1:1'],
    ['a cause of text', caused('failed', 'disk full'), 'Error: failed (caused by disk full)'],
    [
      'a cause that is an object',
      caused('failed', { code: 'E_DISK', message: 'full' }),
      "Error: failed (caused by { code: 'E_DISK', message: 'full' })",
    ],
    [
      'a chain of causes',
      caused('a', caused('b', new TypeError('c'))),
      'Error: a (caused by Error: b (caused by TypeError: c))',
    ],
    [
      'the causes of a message of several lines on one',
      caused('a', caused('b\n  c', 'd')),
      'Error: a (caused by Error: b c (caused by d))',
    ],
    [
      'no cause that the message already contains',
      caused('no report: disk full', new Error('disk full')),
      'Error: no report: disk full',
    ],
    ['its name alone when it has no message', new RangeError(''), 'RangeError'],
    [
      'a DOMException without its number',
      new DOMException('The operation was aborted', 'AbortError'),
      'AbortError: The operation was aborted',
    ],
    [
      'an HttpException by the messages of its response',
      new BadRequestException(['age must be a number', 'name is missing']),
      'BadRequestException: age must be a number; name is missing',
    ],
    [
      'an HttpException by its response',
      new HttpException({ reason: 'late' }, 400),
      "HttpException: { reason: 'late' }",
    ],
    [
      'the issues of zod',
      thrownBy(() => z.object({ user: z.object({ name: z.string() }) }).parse({ user: { name: 7 } })),
      'ZodError: user.name: Invalid input: expected string, received number',
    ],
    [
      'the issues of valibot, without the input',
      thrownBy(() => v.parse(v.object({ card: v.number() }), { card: '4111-1111' })),
      'ValiError: card: Invalid type: Expected number but received "4111-1111"',
    ],
  ])('contains %s', (_what, error, text) => {
    expect(errorText(error)).toBe(text);
  });

  it.each<[string, unknown, string]>([
    [
      'message and codes',
      { statusCode: 400, message: 'Bad Request', request: { password: 'geheim' } },
      "thrown: { statusCode: 400, message: 'Bad Request' }",
    ],
    [
      'its cause',
      { message: 'no', cause: refused('::1:1') },
      "thrown: { message: 'no' } (caused by Error: connect ECONNREFUSED ::1:1)",
    ],
    ['plain data', { reason: 'late', by: { days: 3 } }, "thrown: { reason: 'late', by: { days: 3 } }"],
    [
      'no secrets',
      { apiKey: 'geheim', nested: { Authorization: 'geheim' } },
      'thrown: { apiKey: [withheld], nested: { Authorization: [withheld] } }',
    ],
    [
      'no more than ten keys',
      Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, at])),
      "thrown: { k0: 0, k1: 1, k2: 2, k3: 3, k4: 4, k5: 5, k6: 6, k7: 7, k8: 8, k9: 9, '…': [990 more] }",
    ],
    [
      'its class',
      new (class Refusal {
        why = 'late';
      })(),
      "thrown: Refusal { why: 'late' }",
    ],
    ['the first members of a list', [1, 2, 3, 4, 5, 6, 7], 'thrown: [ 1, 2, 3, 4, 5, [2 more] ]'],
    [
      'the failed constraints of class-validator, without the input',
      {
        errors: [{ property: 'code', value: 'geheim', target: { code: 'geheim' }, constraints: { isIn: 'not known' } }],
      },
      'thrown: { errors: [ [code: not known] ] }',
    ],
    [
      'nothing under the short names of secrets',
      { pwd: 'geheim', jwt: 'geheim' },
      'thrown: { pwd: [withheld], jwt: [withheld] }',
    ],
    ['the type of bytes, and no content', Buffer.from('geheim'), 'thrown: [Buffer]'],
    ['the name of a function', function later() {}, 'thrown: a function later'],
  ])('contains, for a thrown value that is no error, %s', (_what, value, text) => {
    expect(errorText(value)).toBe(text);
  });

  it('contains neither the request nor the config of an error of an HTTP client', () => {
    const secret = { headers: { authorization: 'geheim' }, url: 'https://geheim@example.org' };
    const error = Object.assign(new Error('Request failed with status code 404'), {
      name: 'AxiosError',
      code: 'ERR_BAD_REQUEST',
      config: secret,
      request: secret,
      response: { status: 404, config: secret, data: 'geheim' },
    });
    expect(errorText(error)).toBe('AxiosError [ERR_BAD_REQUEST]: Request failed with status code 404');
    expect(errorText({ ...error })).not.toContain('geheim');
  });

  it('contains no input when pipes of the app throw the errors of class-validator unchanged', async () => {
    class Address {
      @MinLength(12)
      zip!: string;
    }
    class Login {
      @MinLength(12)
      pin!: string;

      @ValidateNested()
      @Type(() => Address)
      address!: Address;
    }
    const exceptionFactory = (errors: unknown) => new BadRequestException(errors);
    const pipe = new ValidationPipe({ exceptionFactory });
    const payload = { pin: 'geheim', address: { zip: 'geheim' } };
    const error: unknown = await pipe.transform(payload, { type: 'body', metatype: Login }).catch((no: unknown) => no);
    expect(errorText(error)).toBe(
      'BadRequestException: pin must be longer than or equal to 12 characters; address.zip must be longer than or equal to 12 characters',
    );
  });

  it('runs no getter of a thrown object that is no error', () => {
    let ran = 0;
    const value = {
      get message(): string {
        ran += 1;
        return 'no';
      },
      get code(): string {
        ran += 1;
        return 'no';
      },
    };
    expect(errorText(value)).toBe('thrown: { message: [Getter], code: [Getter] }');
    expect(ran).toBe(0);
  });

  it('contains each error once when causes and errors form a circle', () => {
    const inner = new Error('inner');
    const outer = new AggregateError([inner], 'outer', { cause: inner });
    inner.cause = outer;
    expect(errorText(outer)).toBe('AggregateError: outer (errors: inner)');
  });

  it('contains the first causes and the root of a long chain', () => {
    const chain = (level: number): Error =>
      level === 9 ? refused('::1:1') : new Error(`level ${level}`, { cause: chain(level + 1) });
    expect(errorText(chain(0))).toBe(
      'Error: level 0 (caused by Error: level 1 (caused by Error: level 2 (caused by Error: level 3 (caused by Error: level 4 (caused by Error: level 5 (caused by Error: level 6 (caused by Error: level 7 (caused by Error: level 8 (caused by Error: connect ECONNREFUSED ::1:1)))))))))',
    );
  });

  it('keeps the cause when the message is too long, and the remedies of a NestworkError at the end', () => {
    const long = errorText(caused('x'.repeat(1_000_000), refused('::1:1')));
    expect(long).toMatch(/^Error: x+… \(caused by Error: connect ECONNREFUSED ::1:1\)$/);
    expect(long.length).toBeLessThanOrEqual(2_000);
    expect(errorText(new NestworkError('REDIS_REFUSED', 'No.', 'Try.', { cause: new TypeError('a') }))).toBe(
      'NestworkError: No. [REDIS_REFUSED] (caused by TypeError: a)\n\nPotential solutions:\n- Try.',
    );
  });

  it('is bounded for any number of errors', () => {
    const crowd = (depth: number): Error =>
      depth === 0
        ? new Error('y'.repeat(10_000))
        : new AggregateError(
            Array.from({ length: 20 }, () => crowd(depth - 1)),
            'x'.repeat(10_000),
            { cause: crowd(depth - 1) },
          );
    expect(errorText(crowd(3)).length).toBeLessThanOrEqual(2_000);
    expect(errorText(crowd(3), 300).length).toBeLessThanOrEqual(300);
  });
});
