import { rmSync } from 'node:fs';
import { Machine } from './machine.js';

const POSTGRES = 'echo "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"';
const MARIADB = 'echo "mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)"';

describe('the databases of the set-up', () => {
  let machine: Machine;

  beforeEach(() => {
    machine = new Machine();
  });

  afterEach(() => rmSync(machine.path, { recursive: true }));

  it('are those on the PATH, and nothing is installed', async () => {
    const postgres = machine.add('postgres', POSTGRES);
    machine.add('initdb', ':');
    const mariadb = machine.add('mariadbd', MARIADB);
    const { code, out } = await machine.setup(['--databases']);
    expect([code, out]).toEqual([0, expect.stringContaining(`PostgreSQL is ${postgres}, and MariaDB is ${mariadb}\n`)]);
    expect(out).not.toContain('Installing');
  });

  it.each([
    ['PostgreSQL', 'is too old', 'echo "postgres (PostgreSQL) 14.9"', MARIADB, true],
    ['PostgreSQL', 'has no initdb', POSTGRES, MARIADB, false],
    ['MariaDB', 'is too old', POSTGRES, 'echo "mariadbd  Ver 10.5.29-MariaDB for Linux"', true],
    ['MariaDB', 'is a MySQL', POSTGRES, 'echo "mysqld  Ver 10.7.1 for Linux"', true],
  ])('do not have the %s on the PATH that %s', async (product, _why, postgres, mariadb, initdb) => {
    machine.add('postgres', postgres);
    machine.add('mariadbd', mariadb);
    if (initdb) machine.add('initdb', ':');
    const { code, out } = await machine.setup(['--databases']);
    expect([code, out]).toEqual([0, expect.not.stringContaining(`${product} is ${machine.path}`)]);
  });

  it.each(['POSTGRES_PATH', 'MARIADB_PATH'])(
    'are no program at %s that is none: the set-up fails and names it',
    async (variable) => {
      machine.add('postgres', POSTGRES);
      machine.add('initdb', ':');
      machine.add('mariadbd', MARIADB);
      const { code, err } = await machine.setup(['--databases'], { [variable]: '/no/such/program' });
      expect([code, err]).toEqual([1, expect.stringContaining(`${variable} is "/no/such/program"`)]);
    },
  );

  it('are not looked for without --databases', async () => {
    machine.add('postgres', 'exit 1');
    machine.add('mariadbd', 'exit 1');
    const { code, out, err } = await machine.setup([], { CI: 'true' });
    expect([code, err, out]).toEqual([0, '', expect.not.stringMatching(/PostgreSQL|MariaDB/)]);
  });
});
