import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redaction } from '../../src/dashboard/arguments/redaction.js';
import { Incoming } from '../../src/dashboard/http/incoming.js';
import { Responder } from '../../src/dashboard/http/responder.js';
import type { Call } from '../../src/dashboard/http/route.js';
import { Live, type LiveLimits } from '../../src/dashboard/live/live.js';
import { Rights } from '../../src/dashboard/rights.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { EventReader, type ReadEvent } from '../support/event-reader.js';

let fixture: BrokerFixture;
let inspector: Inspector;
let server: Server;
let live: Live;
let mayView: () => boolean;
/** How often the status was read. */
let readings: number;
let readers: EventReader[];

beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  inspector = await createInspector({ redis: fixture.settings, commandTimeout: '500ms' });
  const status = inspector.status.bind(inspector);
  inspector.status = (options) => {
    readings += 1;
    return status(options);
  };
  [mayView, readings, readers] = [() => true, 0, []];
  server = createServer((incoming, outgoing) => void answer(new Incoming(incoming), new Responder(outgoing)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  for (const reader of readers) reader.close();
  live.close();
  server.closeAllConnections();
  server.close();
  await inspector.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

function callOf(): Call {
  return {
    inspector,
    namespace: 'nestwork',
    rights: new Rights('nestwork', () => mayView()),
    live: live.of('nestwork', inspector),
    redaction: new Redaction([]),
    by: 'anna',
    query: new URLSearchParams(),
    body: {},
    signal: new AbortController().signal,
  };
}

async function answer(incoming: Incoming, responder: Responder): Promise<void> {
  try {
    await live.follow(callOf(), responder, incoming.header('last-event-id'));
  } catch (error) {
    responder.json((error as { status: number }).status, { code: (error as { code: string }).code });
  }
}

/** Streams of a dashboard with these limits. */
function limits(given: Partial<LiveLimits> = {}): void {
  live = new Live({ everyMs: 10, atLeastMs: 60_000, endAfterMs: 60_000, ...given });
}

async function open(headers: Record<string, string> = {}): Promise<EventReader> {
  const reader = await EventReader.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, headers);
  readers.push(reader);
  return reader;
}

describe('a stream', () => {
  it('begins with the present snapshot, and goes on with each that shows something new', async () => {
    limits();
    const reader = await open();
    expect(reader.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const first = await reader.next('snapshot');
    expect(first.data).toMatchObject({ healthy: false, queues: [], latencyMs: expect.any(Number) });
    await fixture.child(['mail']);
    const second = await reader.until('snapshot', ({ data }) => (data.workers as unknown[]).length === 1);
    expect(second.data).toMatchObject({ queues: [{ queue: 'mail', pending: 0 }] });
    expect(second.id).not.toBe(first.id);
  });

  it('sends nothing again that has not changed, although the status was read', async () => {
    limits();
    const reader = await open();
    await reader.next('snapshot');
    const before = readings;
    while (readings < before + 5) await live.of('nestwork', inspector).snapshot();
    expect(reader.waiting).toBe(0);
  });

  it('sends what has not changed when the other side has heard nothing for long', async () => {
    limits({ atLeastMs: 1 });
    const reader = await open();
    const [first, second] = [await reader.next('snapshot'), await reader.next('snapshot')];
    const moving = { at: expect.any(String), latencyMs: expect.any(Number), memory: expect.any(Object) };
    expect(second.data).toEqual({ ...first.data, ...moving });
  });

  it('beats while a reading takes long', async () => {
    limits({ atLeastMs: 5 });
    inspector.status = () => new Promise(() => {});
    const reader = await open();
    await reader.comment();
  });

  it('shares the readings with all others, and the last one that goes ends them', async () => {
    limits({ everyMs: 20 });
    const [one, other] = [await open(), await open()];
    const [a, b] = [await one.next('snapshot'), await other.next('snapshot')];
    expect(a.id).toBe(b.id);
    await fixture.child(['mail']);
    const served = ({ data }: ReadEvent): boolean => (data.workers as unknown[]).length === 1;
    expect((await one.until('snapshot', served)).id).toBe((await other.until('snapshot', served)).id);
    one.close();
    other.close();
    await nobodyLooks();
  });

  it('sends a reader that comes back only what it does not have', async () => {
    limits({ everyMs: 60_000 });
    const first = await (await open()).next('snapshot');
    const back = await open({ 'last-event-id': first.id });
    await fixture.child(['mail']);
    live.of('nestwork', inspector).changed();
    expect((await back.next('snapshot')).data).toMatchObject({ queues: [{ queue: 'mail' }] });
  });

  it('gives a slow reader the newest snapshot, and none of those between', async () => {
    limits({ everyMs: 1 });
    let number = 0;
    const padding = 'x'.repeat(1_000_000);
    const before = await inspector.status();
    inspector.status = async () => ({ ...before, number: ++number, padding });
    const reader = await open();
    reader.pause();
    // more than the buffers of two sockets take
    while (number < 60) await new Promise((resolve) => setImmediate(resolve));
    const paused = number;
    reader.resume();
    const seen: number[] = [];
    while ((seen.at(-1) ?? 0) < paused) seen.push(((await reader.next('snapshot')).data as { number: number }).number);
    expect(seen.length).toBeLessThan(paused);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('ends with a word when the right to look is gone', async () => {
    limits({ atLeastMs: 1 });
    const reader = await open();
    await reader.next('snapshot');
    mayView = () => false;
    expect((await reader.next('denied')).data).toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('anna'),
    });
    await reader.ended;
  });

  it('ends by itself after its time, so that the browser passes the guards again', async () => {
    limits({ endAfterMs: 50 });
    const reader = await open();
    await reader.next('renew');
    await reader.ended;
  });

  it('is refused when there are as many as there may be', async () => {
    limits({ most: 1 });
    await (await open()).next('snapshot');
    expect((await open()).status).toBe(503);
  });

  it('ends when the app closes, and no other begins', async () => {
    limits();
    const reader = await open();
    await reader.next('snapshot');
    live.close();
    await reader.ended;
    expect((await open()).status).toBe(503);
    await nobodyLooks();
  });
});

it('says that Redis is away, since when and why, and goes on by itself when it is back', async () => {
  limits();
  const reader = await open();
  await reader.next('snapshot');
  await fixture.server.kill();
  const { data } = await reader.next('outage');
  expect(data).toMatchObject({ error: { code: expect.stringMatching(/^REDIS_/) }, since: expect.any(String) });
  await expect(live.of('nestwork', inspector).snapshot()).rejects.toMatchObject({
    code: expect.stringMatching(/^REDIS_/),
  });
  await fixture.server.restart();
  expect((await reader.next('snapshot')).data).toMatchObject({ queues: [] });
});

it('a page that polls gets the readings of the stream, and one of its own when there is none', async () => {
  limits({ everyMs: 60_000 });
  const polls = [live.of('nestwork', inspector).snapshot(), live.of('nestwork', inspector).snapshot()];
  const [one, other] = await Promise.all(polls);
  expect(one).toEqual(other);
  await (await open()).next('snapshot');
  await live.of('nestwork', inspector).snapshot();
  expect(readings).toBe(1);
});

/** Resolves when no reading has begun for a while of turns. */
async function nobodyLooks(): Promise<void> {
  for (let before = -1; before !== readings; ) {
    before = readings;
    // each asks Redis, which takes as long as a reading
    for (let turn = 0; turn < 50; turn += 1) await fixture.redis.ping();
  }
}
