import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork, onTerminal } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';

const GOOD = ['--appendonly', 'yes', '--maxmemory', '100mb'];

let fixture: BrokerFixture;
let options: CommandLineOptions;
beforeAll(async () => {
  fixture = await BrokerFixture.start(GOOD);
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url } };
});
afterEach(async () => {
  await fixture.redis.config('SET', 'maxmemory-policy', 'noeviction');
  await fixture.reset();
});
afterAll(() => fixture.stop());

describe('nestwork doctor', () => {
  it('ends with 0 where it finds nothing, and writes a JSON line for each check', async () => {
    const { code, stdout, stderr } = await nestwork(['doctor', '--json'], options);
    expect([code, stderr]).toEqual([0, '']);
    const checks = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(checks[0]).toEqual({ check: 'reachable', status: 'ok', summary: expect.any(String), findings: [] });
    expect(checks.map(({ status }) => status)).toEqual(checks.map(() => 'ok'));
  });

  it('ends with 4 where it finds something, and writes a line with tabs for each finding into a pipe', async () => {
    await fixture.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await fixture.redis.set('{nestwork}:\u001b[31m', '1');
    const { code, stdout, stderr } = await nestwork(['doctor'], options);
    expect([code, stderr]).toEqual([4, '']);
    const rows = stdout.split('\n').map((line) => line.split('\t'));
    expect(rows.filter(([, status]) => status === 'findings').map(([check, , kind]) => [check, kind])).toEqual([
      ['eviction', 'eviction-policy'],
      ['keys', 'foreign-key'],
    ]);
    expect(stdout).not.toContain('\u001b');
  });

  it('shows each finding with its place, its remedy and a command on a terminal', async () => {
    await fixture.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const { code, stdout } = await onTerminal('doctor', { ...options, columns: 200 });
    expect(code).toBe(4);
    expect(stdout).toMatch(/^✓ reachable +127\.0\.0\.1/m);
    expect(stdout).toMatch(
      /^✗ eviction +allkeys-lru\.\n +127\S+: The maxmemory-policy is .+ \[eviction-policy\]\n +Set it to noeviction/m,
    );
    expect(stdout).toMatch(/^ +\$ redis-cli -h 127\.0\.0\.1 -p \d+ CONFIG SET maxmemory-policy noeviction$/m);
  });

  it('breaks its texts between words within the width of a terminal, and leaves commands whole', async () => {
    await fixture.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const { stdout } = await onTerminal('doctor', { ...options, columns: 60 });
    const [commands, texts] = [true, false].map((is) =>
      stdout.split('\n').filter((line) => line.trim().startsWith('$ ') === is),
    );
    for (const line of texts ?? []) expect(line.length).toBeLessThanOrEqual(60);
    expect(texts?.map((line) => line.trim()).join(' ')).toContain(
      'The maxmemory-policy is allkeys-lru: a full Redis deletes tasks and sessions. [eviction-policy] Set it to',
    );
    expect(commands).toContainEqual(expect.stringMatching(/CONFIG SET maxmemory-policy noeviction$/));
  });

  it('reports a namespace that it may not work on, where other commands refuse', async () => {
    await fixture.redis.set('{foreign}:format', 'nestwork/9');
    const { code, stdout } = await nestwork(['doctor', '--namespace', 'foreign', '--json'], options);
    expect(code).toBe(4);
    expect(stdout).toContain('"code":"foreign-format"');
  });

  it('ends with 3 where Redis does not answer', async () => {
    const { code, stdout, stderr } = await nestwork(['doctor', '--redis', `redis://127.0.0.1:${await freePort()}`]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('ECONNREFUSED');
  });

  it('ends with 2 for a time that is none', async () => {
    expect((await nestwork(['doctor', '--within', 'soon'], options)).code).toBe(2);
  });
});
