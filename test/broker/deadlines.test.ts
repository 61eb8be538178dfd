import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Deadlines } from '../../src/broker/redis/deadlines.js';

const never = new Promise<string>(() => {});

function deadlines(timeoutMs: number): Deadlines {
  return new Deadlines(timeoutMs, () => new Error('too late'));
}

it('a promise that settles in time keeps its value or its error', async () => {
  const patient = deadlines(60_000);
  await expect(patient.within(Promise.resolve('done'))).resolves.toBe('done');
  await expect(patient.within(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  patient.close(0);
});

it('a promise that does not settle rejects at its own time', async () => {
  const short = deadlines(50);
  const lasted = async (): Promise<number> => {
    const sinceMs = performance.now();
    await expect(short.within(never)).rejects.toThrow('too late');
    return performance.now() - sinceMs;
  };
  const first = lasted();
  await delay(20);
  const second = lasted();
  // timers count whole milliseconds, and the clock their parts
  expect(await first).toBeGreaterThan(49);
  expect(await second).toBeGreaterThan(49);
});

it('a promise rejects although others before and after it settled in time', async () => {
  const short = deadlines(50);
  const before = short.within(Promise.resolve('before'));
  const late = short.within(never);
  const after = short.within(Promise.resolve('after'));
  await expect(late).rejects.toThrow('too late');
  expect(await Promise.all([before, after])).toEqual(['before', 'after']);
});

it('a promise rejects even if it begins long after all others have settled', async () => {
  const short = deadlines(20);
  await short.within(Promise.resolve());
  await delay(50);
  await expect(short.within(never)).rejects.toThrow('too late');
});

it('a promise that settles after its time changes nothing', async () => {
  let settle: (value: string) => void = () => {};
  const slow = deadlines(10).within(new Promise<string>((resolve) => (settle = resolve)));
  await expect(slow).rejects.toThrow('too late');
  settle('after all');
  await expect(slow).rejects.toThrow('too late');
});

it('a promise that still waits when the deadlines are closed rejects soon', async () => {
  const patient = deadlines(60_000);
  const left = patient.within(never);
  patient.close(10);
  await expect(left).rejects.toThrow('too late');
});

it('a promise whose answer arrived in time resolves although the process was too busy to read it', async () => {
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('here');
    Atomics.store(workerData, 0, 1);
    Atomics.notify(workerData, 0);
  `;
  const worker = new Worker(script, { eval: true, workerData: answered });
  await new Promise(setImmediate); // behind this the event loop looks at its timers before it reads
  const answer = deadlines(1).within(once(worker, 'message'));
  const sinceMs = performance.now();
  Atomics.wait(answered, 0, 0);
  while (performance.now() - sinceMs < 5); // the time is over, too
  await expect(answer).resolves.toEqual(['here']);
  await once(worker, 'exit');
});
