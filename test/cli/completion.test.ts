/** `nestwork completion`, in the shells that it is for. */
import { spawnSync } from 'node:child_process';
import { complete } from '../../src/cli/completion/complete.js';
import { SCRIPTS } from '../../src/cli/completion/completion-scripts.js';
import { GROUPS, programOf } from '../../src/cli/program.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, inShell, nestwork } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';

const PROGRAM = programOf('1.2.3', async () => {});

/** The words for a command line, without a shell. */
function wordsFor(...args: string[]): Promise<readonly string[]> {
  return complete(args, { program: PROGRAM, groups: GROUPS }, async (kind) => [`some ${kind}`]);
}

describe('the words for a command line', () => {
  it('are all commands, and those of each group', async () => {
    const first = await wordsFor('');
    for (const { name, commands } of GROUPS) {
      const names = commands.map((command) => command.name).sort();
      if (name === '') expect(first).toEqual(expect.arrayContaining(names));
      else {
        expect(first).toContain(name);
        expect(await wordsFor(name, '')).toEqual(names);
      }
    }
  });

  it('are all options of a command, also the general ones', async () => {
    for (const { name: group, commands } of GROUPS) {
      for (const { name, options } of commands) {
        const words = await wordsFor(...(group === '' ? [] : [group]), name, '--');
        const long = Object.keys(options).map((option) => `--${option.replace(/[A-Z]/g, '-$&').toLowerCase()}`);
        expect(words).toEqual(expect.arrayContaining([...long, '--redis', '--help']));
      }
    }
  });

  it.each([
    [['que'], ['queues']],
    [['queues', 'pause', ''], ['some queues']],
    [['queues', 'pause', 'default', ''], []],
    [['queues', 'pause', '--for', '1h', 'some'], ['some queues']],
    [['--redis', 'redis://h', 'queues', 'pause', ''], ['some queues']],
    [
      ['dead', 'ls', '--order', ''],
      ['newest', 'oldest'],
    ],
    [['dead', 'ls', '--order=n'], ['newest']],
    [['dead', 'ls', '--queue', ''], ['some queues']],
    [['dead', 'ls', '--since', ''], []],
    [['dead', 'redrive', '--ye'], ['--yes']],
    [['queues', 'purge', 'default', '--task', ''], ['some tasks']],
    [['tasks', 'send', ''], ['some tasks']],
    [['crons', 'run', ''], ['some crons']],
    [['crons', 'show', ''], ['some crons']],
    [['limits', 'set', ''], ['some limits']],
    [['workers', 'stop', ''], ['some workers']],
    [['worker', 'dist/'], [':files']],
    [['doctor', '--config', ''], [':files']],
    [
      ['completion', ''],
      ['bash', 'zsh'],
    ],
    [['nonsense', 'ls', ''], []],
  ])('%j: %j', async (args, words) => {
    expect(await wordsFor(...args)).toEqual(words);
  });
});

describe('nestwork completion', () => {
  it('prints a script for each shell, and refuses others with 2', async () => {
    expect((await nestwork(['completion', 'bash'])).stdout).toContain('complete -F _nestwork nestwork');
    expect((await nestwork(['completion', 'zsh'])).stdout).toMatch(/^#compdef nestwork\n/);
    const { code, stderr } = await nestwork(['completion', 'fish']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('Give one of: bash, zsh.')]);
  });
});

describe('in bash', () => {
  let fixture: BrokerFixture;
  let options: CommandLineOptions;
  beforeAll(async () => {
    fixture = await BrokerFixture.start();
    // on a busy machine an answer takes longer
    options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NESTWORK_COMPLETION_TIMEOUT: '30000' } };
    const place = { queues: ['mail', 'bulk'], host: 'h', pid: 1 };
    const catalog = [{ name: 'Mail:Tasks.send', queue: 'mail' }];
    await fixture.broker.openSession({ session: 'w-30000', leaseMs: 30_000, ...place, catalog });
  });
  afterAll(() => fixture.stop());

  /** The words that a press of Tab offers. */
  async function offered(line: string, given: CommandLineOptions = options): Promise<string[]> {
    const typed = `COMP_LINE='${line}' COMP_POINT=${line.length}`;
    const script = `source <(nestwork completion bash); ${typed}; _nestwork; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { code, stdout, stderr } = await inShell(script, given);
    expect([code, stderr]).toEqual([0, '']);
    return stdout.split('\n').filter((word) => word !== '');
  }

  it('commands and options are offered', async () => {
    expect(await offered('nestwork q')).toEqual(['queues']);
    expect(await offered('nestwork queues p')).toEqual(['pause', 'purge']);
    expect(await offered('nestwork queues pause --re')).toEqual(['--reason', '--redis']);
  });

  it('names of queues are offered', async () => {
    expect(await offered('nestwork queues pause ')).toEqual(['bulk', 'mail']);
    expect(await offered('nestwork queues pause m')).toEqual(['mail']);
  });

  it('of a name with a colon, what readline replaces is offered', async () => {
    expect(await offered('nestwork tasks send Mail:')).toEqual(['Tasks.send']);
  });

  it('files are offered where one is named', async () => {
    const cwd = new URL('../../', import.meta.url).pathname;
    expect(await offered('nestwork worker package-', { ...options, cwd })).toEqual(['package-lock.json']);
  });

  it('nothing is offered and nothing is said when Redis does not answer', async () => {
    const env = { NESTWORK_REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
    expect(await offered('nestwork queues pause ', { env })).toEqual([]);
    fixture.server.pause();
    const silent = { NESTWORK_REDIS_URL: fixture.server.url };
    expect(await offered('nestwork queues pause ', { env: silent })).toEqual([]);
    fixture.server.resume();
  });

  it('is registered for the command', async () => {
    const { stdout } = await inShell('source <(nestwork completion bash); complete -p nestwork');
    expect(stdout).toBe('complete -F _nestwork nestwork\n');
  });
});

const hasZsh = spawnSync('zsh', ['--version']).status === 0;

describe('in zsh', () => {
  const test = hasZsh ? it : it.skip;
  test(`words and files are offered${hasZsh ? '' : ' (skipped: zsh is not installed)'}`, () => {
    const all = '"$' + '{@:2}"';
    const stub = [
      "compdef() { print -r -- 'registered' }",
      `compadd() { print -rl -- ${all} }`,
      "_files() { print -r -- 'files' }",
      'nestwork() { [[ $3 == worker ]] && print -r -- :files || print -rl -- "$@" }',
      SCRIPTS.zsh,
      'words=(nestwork queues p); CURRENT=3; _nestwork',
      "words=(nestwork worker ''); CURRENT=3; _nestwork",
    ];
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', stub.join('\n')], { encoding: 'utf8' });
    expect([stdout.split('\n'), stderr]).toEqual([['registered', '__complete', '--', 'queues', 'p', 'files', ''], '']);
  });
});
