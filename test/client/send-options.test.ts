import { assertSendOptions, dueOf, type SendOptions } from '../../src/client/send-options.js';

const TASK = 'ReportTasks.send';
const YEAR_MS = 365 * 86_400_000;
const ID = 'k3v9x0q2m7ab00000007';

function check(options: object): void {
  assertSendOptions(options, TASK, ['default', 'bulk']);
}

describe('assertSendOptions', () => {
  it.each<[SendOptions]>([
    [{}],
    [{ queue: 'bulk', delay: '10m' }],
    [{ delay: 0 }],
    [{ delay: '3650d' }],
    [{ eta: new Date() }],
    [{ eta: new Date(0) }],
    [{ eta: new Date(-1) }],
    [{ eta: new Date(Date.now() + 10 * YEAR_MS - 60_000) }],
    [{ key: 'user-7' }],
    [{ key: 'user-7', until: 'started', onConflict: 'replace', delay: '2s' }],
    [{ key: 'user-7', until: 'finished', onConflict: 'reject', id: ID }],
    [{ id: ID }],
    [{ ids: [ID, 'k3v9x0q2m7ab00000008'] }],
    [{ retries: 3, backoff: { type: 'fixed', delay: '1s' }, expires: '1h', softTimeout: 1, hardTimeout: 2 }],
    [{ queue: undefined, delay: undefined, eta: undefined, key: undefined, until: undefined, onConflict: undefined }],
  ])('accepts %p', (options) => {
    expect(() => check(options)).not.toThrow();
  });

  it.each<[object, string, string]>([
    [{ quue: 'bulk' }, 'INVALID_OPTION', '"quue"'],
    [{ retryOn: [Error] }, 'INVALID_OPTION', '"retryOn"'],
    [{ queue: 'other' }, 'UNKNOWN_QUEUE', 'other'],
    [{ queue: null }, 'UNKNOWN_QUEUE', 'null'],
    [{ delay: -1 }, 'INVALID_DURATION', 'delay'],
    [{ delay: Number.NaN }, 'INVALID_DURATION', 'delay'],
    [{ delay: '11y' }, 'INVALID_DURATION', 'delay'],
    [{ delay: '3651d' }, 'INVALID_DURATION', 'delay'],
    [{ delay: null }, 'INVALID_DURATION', 'delay'],
    [{ eta: new Date(Number.NaN) }, 'INVALID_OPTION', 'eta'],
    [{ eta: new Date(Date.now() + 11 * YEAR_MS) }, 'INVALID_OPTION', 'eta'],
    [{ eta: Date.now() + 1_000 }, 'INVALID_OPTION', 'eta'],
    [{ eta: '2100-01-01' }, 'INVALID_OPTION', 'eta'],
    [{ eta: null }, 'INVALID_OPTION', 'eta'],
    [{ eta: new Date(), delay: 5 }, 'INVALID_OPTION', 'delay, eta'],
    [{ eta: new Date(0), delay: 0 }, 'INVALID_OPTION', 'delay, eta'],
    [{ until: 'started' }, 'INVALID_OPTION', 'until, onConflict'],
    [{ onConflict: 'drop' }, 'INVALID_OPTION', 'until, onConflict'],
    [{ key: 'k', until: 'ended' }, 'INVALID_OPTION', 'until'],
    [{ key: 'k', until: null }, 'INVALID_OPTION', 'until'],
    [{ key: 'k', onConflict: 'overwrite' }, 'INVALID_OPTION', 'onConflict'],
    [{ key: 'k', onConflict: true }, 'INVALID_OPTION', 'onConflict'],
    [{ id: 'mine' }, 'INVALID_TASK_ID', 'mine'],
    [{ ids: [ID, 'mine'] }, 'INVALID_TASK_ID', 'mine'],
    [{ ids: [ID, ID] }, 'INVALID_OPTION', 'twice'],
    [{ ids: new Set([ID]) }, 'INVALID_OPTION', 'ids'],
    [{ ids: Object.assign(new Array(2), { 1: ID }) }, 'INVALID_TASK_ID', 'undefined'],
    [{ backoff: new Map([['type', 'fixed']]) }, 'INVALID_OPTION', 'class Map'],
    [{ backoff: () => 5 }, 'INVALID_OPTION', 'backoff'],
    [{ backoff: null }, 'INVALID_OPTION', 'backoff'],
    [{ retries: -1 }, 'INVALID_OPTION', 'retries'],
    [{ softTimeout: 2, hardTimeout: 1 }, 'INVALID_OPTION', 'softTimeout'],
    [{ expires: Number.NaN }, 'INVALID_DURATION', 'expires'],
  ])('refuses %p with %s', (options, code, named) => {
    const what = { code, message: expect.stringContaining(named) };
    expect(() => check(options)).toThrow(expect.objectContaining(what));
    expect(() => check(options)).toThrow(TASK_OR_VALUE);
  });

  it.each([null, undefined, 'bulk', 7, [{ queue: 'bulk' }]])('refuses %p, which is no object of options', (options) => {
    const what = { code: 'INVALID_OPTION', message: expect.stringContaining('not an object') };
    expect(() => check(options as object)).toThrow(expect.objectContaining(what));
  });
});

/** An error names the task, or the value that is wrong in itself. */
const TASK_OR_VALUE = /ReportTasks\.send|is not a task id|twice/;

describe('dueOf', () => {
  const now = Date.now();
  it.each<[string, SendOptions, unknown]>([
    ['nothing', {}, undefined],
    ['no delay', { delay: 0 }, undefined],
    ['less than half a millisecond', { delay: 0.4 }, undefined],
    ['a delay', { delay: '10m' }, { in: 600_000 }],
    ['a short delay', { delay: 1 }, { in: 1 }],
    ['a time that is past', { eta: new Date(now - 1) }, undefined],
    ['the beginning of time', { eta: new Date(0) }, undefined],
    ['a time to come', { eta: new Date(now + 600_000) }, { at: now + 600_000 }],
  ])('of %s', (_what, options, due) => {
    expect(dueOf(options, Date.now())).toEqual(due);
  });
});
