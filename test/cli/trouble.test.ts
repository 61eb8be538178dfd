import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';

let fixture: BrokerFixture;
let options: CommandLineOptions;
let directory: string;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url } };
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await fixture.reset();
});
afterAll(() => fixture.stop());

function configure(text: string): CommandLineOptions {
  writeFileSync(join(directory, 'nestwork.config.json'), text);
  return { cwd: directory };
}

describe('a command line that is mistyped ends with 2 and a hint:', () => {
  it.each([
    ['qeues ls', 'Did you mean queues?'],
    ['queues lss', 'Did you mean ls?'],
    ['dead ls --cde CRASHED', 'Did you mean --code?'],
    ['dead ls --limit many', 'Give a whole number from 1 to 1000.'],
    ['dead ls --order sideways', 'Give one of: newest, oldest.'],
    ['dead ls --since yesterday', 'Or a time ago such as 2h.'],
    ['dead ls --since tomorrow', 'Give an ISO date such as 2026-02-28'],
    ['tasks move 00000000000000000000 --at 2h', 'Or --delay with a time.'],
    ['dead ls --until 2026-02-31', 'which is no time'],
    ['dead ls --since 2026-02-28T14:30', 'Give an ISO date such as'],
    ['dead ls --queue ,', '--queue is empty'],
    ['dead ls --queue defalt', 'Did you mean default?'],
    ['dead redrive --queue defalt', 'named by the option --queue,'],
    ['tasks send Some.task [] --queue defalt', 'named by the option --queue,'],
    ['queues pause defalt', 'named by the argument <queue>,'],
    ['worker app.js --children 1025', 'Give a whole number from 1 to 1024.'],
    ['actions ls --action dance', 'Give one of: pause,'],
    ['dead show 42', 'INVALID_TASK_ID'],
    ['dead show', "missing required argument 'id'"],
    ['queues ls here', 'too many arguments'],
    ['queues ls --redis nonsense', 'Give a URL like'],
  ])('%s', async (line, hint) => {
    await fixture.child();
    const { code, stdout, stderr } = await nestwork(line.split(' '), options);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(hint);
  });
});

describe('the configuration', () => {
  it('is read from nestwork.config.json, after options and environment', async () => {
    await fixture.child(['of-file']);
    const inFile = configure(JSON.stringify({ redis: fixture.server.url, namespace: 'nestwork' }));
    expect((await nestwork(['queues', 'ls'], inFile)).stdout).toContain('of-file');
    const elsewhere = await nestwork(['queues', 'ls', '--namespace', 'other'], inFile);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([0, expect.stringContaining('No worker has ever started')]);
  });

  it.each([
    ['{ "redis": "redis://:s3cret@h", }', 'is not valid JSON'],
    ['{ "redsi": "redis://:s3cret@h" }', 'has no option "redsi"'],
    ['[]', 'nestwork.config.json'],
  ])('is refused where it is wrong, without its passwords: %s', async (text, said) => {
    const { code, stderr } = await nestwork(['queues', 'ls'], configure(text));
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(stderr).not.toContain('s3cret');
  });

  it('that is named and missing is refused', async () => {
    const { code, stderr } = await nestwork(['queues', 'ls', '--config', 'nowhere.json'], { cwd: directory });
    expect([code, stderr]).toEqual([2, expect.stringContaining('nowhere.json cannot be read')]);
  });
});

describe('a Redis that cannot be worked on ends a command with 3:', () => {
  it('one that is down', async () => {
    const url = `redis://:s3cret@127.0.0.1:${await freePort()}`;
    const config = configure(JSON.stringify({ commandTimeout: '300ms' }));
    const { code, stdout, stderr } = await nestwork(['queues', 'ls', '--redis', url], config);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('NESTWORK_REDIS_URL');
    expect(stderr).not.toContain('s3cret');
  });

  it('one whose keys another program wrote', async () => {
    await fixture.redis.set('{foreign}:format', 'nestwork/9');
    const { code, stderr } = await nestwork(['queues', 'ls', '--namespace', 'foreign'], options);
    expect([code, stderr]).toEqual([3, expect.stringContaining('FOREIGN_KEYS')]);
  });

  it('a node of a cluster', async () => {
    const server = await RedisServer.start({ args: ['--cluster-enabled', 'yes'] });
    try {
      const { code, stderr } = await nestwork(['queues', 'ls', '--redis', server.url]);
      expect([code, stderr]).toEqual([3, expect.stringContaining('REDIS_IS_CLUSTER')]);
    } finally {
      await server.stop();
    }
  });
});

describe('nestwork --help', () => {
  it('needs no Redis, and names the commands', async () => {
    const { code, stdout } = await nestwork(['--help']);
    expect(code).toBe(0);
    for (const group of ['status', 'top', 'queues', 'dead', 'crons']) expect(stdout).toContain(group);
  });
});
