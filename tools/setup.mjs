/**
 * Gets a fresh clone ready: the npm packages and a Redis; a browser and databases for the tests that need them. Needs Node
 * alone, and changes nothing when all is there.
 *
 *   node tools/setup.mjs
 *   node tools/setup.mjs --browser --databases
 */
import { readFileSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { installWithApt } from './apt.mjs';
import { CHROMIUM } from './chromium.mjs';
import { MARIADB, POSTGRES } from './databases.mjs';
import { findOrInstall } from './installable.mjs';
import { isAtLeast, which } from './programs.mjs';
import { Failure, ROOT, run, runTool } from './run.mjs';

const OLDEST_NODE = '20.19';
const OLDEST_REDIS = '7';
const PING_TIMEOUT_MS = 5_000;
const SERVERS = ['redis-server', 'valkey-server'];

/**
 * @param {{ ownServer?: boolean, browser?: boolean, databases?: boolean }} [options] `ownServer`: a running server behind
 *   REDIS_URL is not enough
 * @returns {Promise<{ redis: string, chromium?: string, postgres?: string, mariadb?: string }>} the REDIS_URL that answered, or
 *   the path of a server to start; the paths of the programs that were asked for and can be had
 */
export async function setup({ ownServer = false, browser = false, databases = false } = {}) {
  checkNode();
  await installPackages();
  const redis = await findRedis(ownServer);
  return {
    redis,
    ...(browser && { chromium: await getOrLeaveOut('BROWSER', CHROMIUM) }),
    ...(databases && {
      postgres: await getOrLeaveOut('POSTGRESQL', POSTGRES),
      mariadb: await getOrLeaveOut('MARIADB', MARIADB),
    }),
  };
}

async function findRedis(ownServer) {
  const url = ownServer ? undefined : process.env.REDIS_URL;
  if (!url) return findServer(ownServer);
  await ping(url);
  return url;
}

/** The tests of a program leave themselves out where it is missing. In CI nobody would notice. */
async function getOrLeaveOut(tests, program) {
  try {
    return await findOrInstall(program);
  } catch (failure) {
    if (process.env.CI || process.env[program.variable]) throw failure;
    console.warn(`!!! THE ${tests} TESTS ARE LEFT OUT. ${failure.message}`);
    return undefined;
  }
}

function checkNode() {
  if (isAtLeast(process.versions.node, OLDEST_NODE)) return;
  throw new Failure(`Node ${OLDEST_NODE} or newer is needed; this is ${process.version}.`);
}

async function installPackages() {
  if (packagesAreInstalled()) return;
  console.log('Installing the npm packages ...');
  // the tools are development dependencies, with any NODE_ENV
  await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** npm notes in node_modules which packages it installed. Packages for other platforms are optional, and rightly missing. */
function packagesAreInstalled() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    return installed[path] ? installed[path].version === version : optional || devOptional;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

async function findServer(ownServer) {
  const found = await serverOnPath();
  if (found) return found;
  const obstacle = await installWithApt('Redis', SERVERS, OLDEST_REDIS);
  const installed = obstacle ? undefined : await serverOnPath();
  if (installed) return installed;
  throw new Failure(remedies(obstacle ?? 'it is still not on the PATH', ownServer));
}

async function serverOnPath() {
  const tooOld = [];
  for (const server of SERVERS.map(which).filter(Boolean)) {
    const [, version] = /v=(\d\S*)/.exec(await run(server, ['--version'])) ?? [];
    if (isAtLeast(version, OLDEST_REDIS)) return server;
    tooOld.push(`${server} is version ${version ?? 'unknown'}`);
  }
  if (tooOld.length === 0) return undefined;
  throw new Failure(`Redis ${OLDEST_REDIS} or newer is needed, but ${tooOld.join(' and ')}. Please upgrade it.`);
}

function remedies(obstacle, ownServer) {
  const lines = [
    `Redis ${OLDEST_REDIS} or newer is needed, and ${SERVERS.join(' or ')} is not on the PATH; ${obstacle}.`,
    '',
    ownServer ? 'The tests start, freeze and kill servers of their own. Do one of:' : 'Do one of:',
    '',
    '  Debian, Ubuntu   sudo apt-get install redis-server',
    '  macOS            brew install redis',
  ];
  const elsewhere = [
    '  Docker           docker compose up -d && export REDIS_URL=redis://127.0.0.1:6379',
    '  another server   export REDIS_URL=redis://user:password@host:6379',
  ];
  return [...lines, ...(ownServer ? [] : elsewhere)].join('\n');
}

/** Asks a server for a PONG over a bare socket: at this point no package can be relied on. */
async function ping(text) {
  const refuse = (why) => new Failure(`REDIS_URL is set, but ${why}. Correct it, or unset it to use a private server.`);
  const server = parse(text);
  if (!server) throw refuse('starts with none of redis://, rediss:// and unix://');
  const answer = await ask(server).catch((error) => {
    throw refuse(`${server.name} does not answer: ${error.message}`);
  });
  if (!answer.startsWith('+PONG')) throw refuse(`${server.name} answers "${answer.slice(1)}"`);
}

/** The value for forms that the client library accepts as well; undefined for the rest. */
function parse(text) {
  const path = /^(?:unix:\/\/)?(\/.*)/.exec(text)?.[1];
  if (path) return { name: path, address: { path }, commands: [['PING']] };
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, hostname, port, username, password } = new URL(text);
  const bare = hostname.replace(/^\[|\]$/g, '');
  const credentials = [username, password].filter(Boolean).map(decodeURIComponent);
  return {
    name: host,
    secure: protocol === 'rediss:',
    address: { host: bare, port: Number(port) || 6379, servername: isIP(bare) ? '' : bare },
    commands: password ? [['AUTH', ...credentials], ['PING']] : [['PING']],
  };
}

function encode(command) {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join('')}`;
}

/** Resolves to the line that decides: the PONG, or the first error. */
function ask({ secure, address, commands }) {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls(address) : connect(address);
    const late = () => socket.destroy(new Error(`no reply in ${PING_TIMEOUT_MS / 1_000} s`));
    const timer = setTimeout(late, PING_TIMEOUT_MS);
    let reply = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      reply += text;
      const [line] = /^(\+PONG|-.*)(?=\r\n)/m.exec(reply) ?? [];
      if (line) resolve(line);
      if (line) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error('it closed the connection'));
    });
    socket.write(commands.map(encode).join(''));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runTool(async () => {
    const asked = (option) => process.argv.includes(option);
    const ready = await setup({ browser: asked('--browser'), databases: asked('--databases') });
    const parts = [
      'the npm packages are installed',
      `Redis is ${ready.redis.replace(/\/\/.*@/, '//')}`,
      ready.postgres && `PostgreSQL is ${ready.postgres}`,
      ready.mariadb && `MariaDB is ${ready.mariadb}`,
      ready.chromium && `the browser is ${ready.chromium}`,
    ].filter(Boolean);
    console.log(`Ready: ${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)}`);
  });
}
