import { which } from './programs.mjs';
import { run } from './run.mjs';

/**
 * As root. Debian starts the service of a package when it installs it, unless this policy says no; no user asked for a
 * service. A policy that is there already, as in containers, keeps its say.
 */
const INSTALL = `
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
  fi
  apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$0"
`;

/**
 * Installs the first of some packages of Debian or its like that is new enough.
 *
 * @param {string} product as the log names it
 * @param {readonly string[]} packages the best first
 * @param {number} oldest major version
 * @returns {Promise<string | undefined>} the obstacle, if there is one
 */
export async function installWithApt(product, packages, oldest) {
  if (!which('apt-get')) return 'there is no apt-get to install it with';
  const asRoot = await rootPrefix();
  if (!asRoot) return 'installing it needs root, or sudo without a password';
  console.log(`Installing ${product} with apt-get ...`);
  const as = (command, ...args) => {
    const [program, ...rest] = [...asRoot, command, ...args];
    return run(program, rest, { env: { LC_ALL: 'C' } });
  };
  // one unreachable source among many fails this, too: then the lists that are there have to do
  await as('apt-get', 'update').catch(() => {});
  const name = await packageToInstall(packages, oldest);
  if (!name) return `apt-get knows no package of version ${oldest} or newer`;
  await as('sh', '-c', INSTALL, name);
  return undefined;
}

/** The prefix of a command to run it as root; undefined when that is not allowed. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (!which('sudo')) return undefined;
  return run('sudo', ['-n', 'true']).then(
    () => ['sudo', '-n'],
    () => undefined,
  );
}

async function packageToInstall(packages, oldest) {
  for (const name of packages) {
    const policy = await run('apt-cache', ['policy', name], { env: { LC_ALL: 'C' } });
    const [, major] = /Candidate: (?:\d+:)?(\d+)/.exec(policy) ?? [];
    if (Number(major) >= oldest) return name;
  }
  return undefined;
}
