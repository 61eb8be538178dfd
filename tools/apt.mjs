import { isAtLeast, which } from './programs.mjs';
import { run } from './run.mjs';

/**
 * As root. Debian starts the service of a package when it installs it, unless this policy says no; no user asked for a
 * service. A policy that is there already, as in containers, keeps its say. The package of PostgreSQL makes an empty
 * database, too, unless its configuration says no. The script takes its policy and its
 * configuration away again.
 */
const INSTALL = `
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  clusters=/etc/postgresql-common/createcluster.d
  made=
  trap 'for path in $made; do rm -f "$path" 2>/dev/null || rmdir "$path"; done' EXIT
  trap 'exit 1' HUP INT TERM
  if [ ! -e "$policy" ]; then
    made="$policy"
    printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
  fi
  case "$0" in postgresql*)
    [ -d "$clusters" ] || made="$clusters $made"
    mkdir -p "$clusters"
    made="$clusters/nestwork.conf $made"
    echo 'create_main_cluster = false' > "$clusters/nestwork.conf"
  esac
  apt-get install -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 "$0"
`;

/**
 * Installs the first of some packages of Debian or its like that is new enough.
 *
 * @param {string} product as the log names it
 * @param {readonly string[]} packages the best first
 * @param {string} oldest version that is new enough
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
  return as('sh', '-c', INSTALL, name).then(
    () => undefined,
    (error) => `apt-get does not install ${name}: ${errorsOf(error) || 'it gives no reason'}`,
  );
}

/** The lines in which apt-get gives its reasons, as one. */
function errorsOf({ message }) {
  return Array.from(message.matchAll(/^E: (.*?)\.?$/gm), ([, reason]) => reason).join('; ');
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
    const [, version] = /Candidate: (?:\d+:)?(\d+(?:\.\d+)*)/.exec(policy) ?? [];
    if (isAtLeast(version, oldest)) return name;
  }
  return undefined;
}
