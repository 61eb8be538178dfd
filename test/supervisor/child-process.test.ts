import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestworkError } from '../../src/errors.js';
import { Backoff } from '../../src/supervisor/backoff.js';
import { ChildProcess } from '../../src/supervisor/child-process.js';

const SETTINGS = { redis: 'redis://127.0.0.1:1', namespace: 'nestwork', commandTimeoutMs: 1_000, queues: ['default'] };
const READY = JSON.stringify({ type: 'ready', settings: SETTINGS, catalog: [] });

// not for the children: Jest's own
process.env.NODE_OPTIONS = '';

let directory: string;
let children: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill();
  rmSync(directory, { recursive: true });
});

/** Runs a script as a child; resolves to the reports that its supervisor gets, up to its end. */
async function reportsOf(
  script: string,
  then: (child: ChildProcess) => void = () => {},
  cwd = directory,
): Promise<unknown[]> {
  const place = { directory: cwd, entry: join(directory, 'entry.cjs') };
  writeFileSync(place.entry, script);
  const launch = { seat: 0, program: { place: () => place } };
  const reports: unknown[] = [];
  await new Promise<void>((resolve) => {
    const child = new ChildProcess(4, new Backoff(), launch, {
      ready: (message) => {
        reports.push(message.type);
        then(child);
      },
      overdue: () => undefined,
      worn: () => void reports.push('worn'),
      leaseLost: (session) => void reports.push(session),
      malformed: (error) => void reports.push((error as NestworkError).code),
      ended: (reason) => {
        reports.push(reason);
        resolve();
      },
    });
    children.push(child);
  });
  return reports;
}

it('a child emits its reports, and its end', async () => {
  const script = `
    process.send(${READY});
    process.send({ type: 'worn' });
    process.send({ type: 'leaseLost', session: 's-1' }, () => process.exit(7));
  `;
  expect(await reportsOf(script)).toEqual(['ready', 'worn', 's-1', 'exit code 7']);
});

it('a child emits the signal that killed it', async () => {
  const script = `process.send(${READY}); setInterval(() => {}, 1_000);`;
  expect(await reportsOf(script, (child) => child.kill())).toEqual(['ready', 'SIGKILL']);
});

it('a child emits why it could not boot', async () => {
  const script = `process.send({ type: 'bootFailed', error: 'Error: no config' }, () => process.exit(1));`;
  expect(await reportsOf(script)).toEqual(['Error: no config']);
});

it('a child that was ended because it did not boot emits that, and counts as not asked to end', async () => {
  const script = 'setInterval(() => {}, 1_000);';
  const reports = reportsOf(script);
  const [child] = children as [ChildProcess];
  child.failBoot('it took too long');
  expect(await reports).toEqual(['it took too long']);
  expect(child).toMatchObject({ bootFailed: true, killed: true, dismissed: false });
});

it('a message of a child that is not of the protocol is reported, and has no effect', async () => {
  // process.send('ready') is how apps talk to a process manager, and any task can call it
  const script = `process.send('ready'); process.send({}); process.send(${READY}, () => process.exit(0));`;
  expect(await reportsOf(script)).toEqual(['MALFORMED_IPC', 'ready', 'exit code 0']);
});

it('only the first report of a boot counts', async () => {
  const script = `process.send(${READY}); process.send(${READY}, () => process.exit(0));`;
  expect(await reportsOf(script)).toEqual(['ready', 'exit code 0']);
});

describe('bytes that are no message end the process, and count for the tasks that it runs', () => {
  // the channel takes no more than its reader does
  const write = `
    const { writeSync } = require('node:fs');
    const write = (bytes) => {
      for (let at = 0; at < bytes.length; )
        try { at += writeSync(3, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
    };`;
  const live = 'setInterval(() => {}, 1_000);';
  const scripts: [string, string, string][] = [
    ['bytes that do not decode', `write(Buffer.from([0, 0, 0, 4, 255, 15, 1, 2, 10]));`, 'bytes into its channel'],
    ['a line that is no JSON', `write(Buffer.from('{"type":"worn"\\n'));`, 'bytes into its channel'],
    ['an empty line', `write(Buffer.from('\\n'));`, 'bytes into its channel'],
    [
      'half a message within another',
      `process.send({ type: 'worn' }); write(Buffer.from('{"type":')); process.send({});`,
      'bytes',
    ],
    ['a message that never ends', `for (;;) write(Buffer.alloc(65536, 97));`, 'more than 8388608 bytes'],
    ['a huge length and nothing behind it', `write(Buffer.from([127, 255, 255, 255, 10]));`, 'bytes into its channel'],
    [
      'many messages',
      `(function send() { for (let i = 0; i < 500; i++) process.send({}); setImmediate(send); })();`,
      'it flooded',
    ],
    [
      'many long messages',
      `const long = 'x'.repeat(900_000); (function send() { process.send({ long }, send); })();`,
      'it flooded',
    ],
  ];
  it.each(scripts)('%s', async (_name, script, why) => {
    const reports = await reportsOf(`${write} ${live} ${script}`);
    expect(reports.at(-1)).toContain(why);
    expect(children[0]).toMatchObject({ killed: false, dismissed: false });
  });

  it('a message that never ends, from a child that has booted, is detected sooner', async () => {
    const script = `${write} ${live} process.send(${READY}, () => { for (;;) write(Buffer.alloc(65536, 97)); });`;
    expect(await reportsOf(script)).toEqual(['ready', 'it sent a message of more than 1048576 bytes']);
  });

  it('a channel that the child closes, while it lives on', async () => {
    const script = `${live} process.send(${READY}, () => process.disconnect());`;
    expect(await reportsOf(script)).toEqual(['ready', 'it closed its channel to the supervisor']);
  });
});

describe('a message of another kind is dropped, and the child works on', () => {
  const values: [string, string][] = [
    ['a message of Node itself without a listener', `{ cmd: 'NODE_HANDLE_ACK' }`],
    ['another one', `{ cmd: 'NODE_HANDLE', type: 'constructor' }`],
    ['null', 'null'],
    ['a list', '[[[]]]'],
    ['a field named __proto__', `JSON.parse('{"__proto__":{"type":"worn"}}')`],
    [
      'a type that is an object of many fields',
      `{ type: Object.fromEntries(Array.from({ length: 9_999 }, (_, i) => [i, i])) }`,
    ],
    [
      'values nested two thousand deep',
      `(() => { let deep = 1; for (let i = 0; i < 2_000; i++) deep = [deep]; return deep; })()`,
    ],
  ];
  it.each(values)('%s', async (_name, value) => {
    const script = `process.send(${value}); process.send(${READY}, () => process.exit(0));`;
    expect(await reportsOf(script)).toEqual(['MALFORMED_IPC', 'ready', 'exit code 0']);
  });

  it('a server that the child sends along is closed, and delays nothing behind it', async () => {
    const script = `
      const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
        process.send({ type: 'here' }, server);
        process.send(${READY}, () => process.exit(0));
      });`;
    expect(await reportsOf(script)).toEqual(['MALFORMED_IPC', 'ready', 'exit code 0']);
  });

  it.each([
    `{ type: 'axm:monitor', data: {} }`,
    `{ type: 'process:exception', data: {} }`,
    `{ type: 'application:dependencies', data: {} }`,
    `{ type: 'trace-span', data: {} }`,
    `{ node_version: '20.0.0' }`,
    `{ 'watch:import': ['file:///app.js'] }`,
  ])('%s is of a process manager, and is not logged', async (value) => {
    const script = `process.send(${value}); process.send(${READY}, () => process.exit(0));`;
    expect(await reportsOf(script)).toEqual(['ready', 'exit code 0']);
  });
});

it('the last messages of a child are read, however large they are', async () => {
  // more than a pipe holds
  const script = `process.send({ type: 'bootFailed', error: 'x'.repeat(4_000_000) }, () => process.exit(1));`;
  const [reason] = await reportsOf(script);
  expect(reason).toHaveLength(4_000_000);
});

it('the last messages of a child are read after a write that the child does not read', async () => {
  // more than is read at once, so that the write comes between
  const script = `
    process.send(${READY});
    process.send({ type: 'bootFailed', error: 'x'.repeat(200_000) }, () => process.exit(1));`;
  const reports = await reportsOf(script, (child) => {
    waitUntilDead(child.pid);
    child.abort();
  });
  expect(reports[1]).toHaveLength(200_000);
});

/** Blocks the event loop, so that nothing is read meanwhile. The last thread of a process closes its files. */
function waitUntilDead(pid: number): void {
  const threads = () => readdirSync(`/proc/${pid}/task`).length;
  while (!/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')) || threads() > 1)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

describe('a process that the system refuses at once', () => {
  // no path can have it, which is thrown as a lack of file handles is on some versions of Node
  const refused = 'a\0b';

  it('ends like one that is refused later', async () => {
    const [reason, ...rest] = await reportsOf('', () => {}, refused);
    expect(reason).toContain('null bytes');
    expect(rest).toEqual([]);
    expect(children[0]?.pid).toBe(0);
  });

  it('leaves no file open', async () => {
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 5; i += 1) {
      await reportsOf('', () => {}, refused);
      children.at(-1)?.scoreboard.close();
    }
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});
