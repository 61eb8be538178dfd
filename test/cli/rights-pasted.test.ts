/** The lines of docs/redis-keys.md work in redis-cli as a person pastes them, and Redis keeps them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '../../src/testing/redis-server.js';
import { type Ended, nestwork } from '../support/command-line.js';
import { type DocumentedUser, documentedLines } from '../support/least-rights.js';

const USERS: DocumentedUser[] = ['shop-sender', 'shop-worker', 'shop-viewer', 'shop-operator'];

let directory: string;
let server: RedisServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-acl-'));
  const file = join(directory, 'users.acl');
  writeFileSync(file, '');
  server = await RedisServer.start({ args: ['--aclfile', file] });
});
afterEach(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** What redis-cli answers to these lines, as in `redis-cli < viewer.acl`. */
function redisCli(lines: readonly string[]): string[] {
  const input = lines.map((line) => `${line}\n`).join('');
  const { stdout } = spawnSync('redis-cli', ['-p', String(server.port)], { input, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '');
}

function look(user: DocumentedUser, password: string): Promise<Ended> {
  const url = server.url.replace('://', `://${user}:${password}@`);
  return nestwork(['queues', 'ls'], { env: { NESTWORK_REDIS_URL: url } });
}

it.each(USERS)('redis-cli takes each line of %s', (user) => {
  const lines = documentedLines(user);
  expect(redisCli(lines)).toEqual(lines.map(() => 'OK'));
});

it('a viewer looks with the password in the URL, also after ACL SAVE and a restart', async () => {
  redisCli(documentedLines('shop-viewer', 'p/@x'));
  expect(await look('shop-viewer', 'p%2F%40x')).toMatchObject({ code: 0 });
  expect(redisCli(['ACL SAVE'])).toEqual(['OK']);
  await server.restart();
  expect(await look('shop-viewer', 'p%2F%40x')).toMatchObject({ code: 0 });
});

it('a second line for a user takes its former password away', () => {
  redisCli([...documentedLines('shop-viewer', 'former'), ...documentedLines('shop-viewer', 'latter')]);
  const answers = redisCli(['AUTH shop-viewer latter', 'AUTH shop-viewer former']);
  expect(answers).toEqual(['OK', expect.stringContaining('WRONGPASS')]);
});
