import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SETUP = fileURLToPath(new URL('../../tools/setup.mjs', import.meta.url));
export const BROWSER = 'echo "Chromium 156.0.8078.108 built on Debian"';

/** Variables that would reach the set-up from the process of the tests. */
const OF_OTHERS = ['NODE_OPTIONS', 'CI', 'CHROMIUM_PATH', 'POSTGRES_PATH', 'MARIADB_PATH', 'REDIS_URL'];

/** A PATH with nothing but a Redis of its own, and what a test adds. */
export class Machine {
  readonly path = mkdtempSync(join(tmpdir(), 'nestwork-path-'));

  constructor() {
    this.add('redis-server', 'echo "Redis server v=7.0.15 sha=0"');
  }

  add(program: string, script: string): string {
    const file = join(this.path, program);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  /**
   * A Debian whose packages hold this browser. It notes the package that the set-up installs, and does nothing else as root.
   */
  addApt(candidate: string, installed = BROWSER): void {
    this.add('sudo', 'shift; exec "$@"');
    this.add('true', ':');
    this.add('apt-get', ':');
    this.add('apt-cache', `echo "$2:"; echo "  Candidate: ${candidate}"`);
    this.add(
      'sh',
      `printf '%s' "$3" > '${this.path}/installed'
printf '#!/bin/sh\\n%s\\n' '${installed}' > '${this.path}/chromium'; /bin/chmod 755 '${this.path}/chromium'`,
    );
  }

  get installed(): string {
    return readFileSync(join(this.path, 'installed'), 'utf8');
  }

  setup(
    args: readonly string[],
    env: Record<string, string> = {},
  ): Promise<{ code: number; out: string; err: string }> {
    const rest = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_OTHERS.includes(name)));
    return new Promise((resolve) => {
      const options = { env: { ...rest, PATH: this.path, ...env } };
      execFile(process.execPath, [SETUP, ...args], options, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
    });
  }
}
