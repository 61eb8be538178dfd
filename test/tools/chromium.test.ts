import { rmSync } from 'node:fs';
import { BROWSER, Machine } from './machine.js';

describe('the browser of the set-up', () => {
  let machine: Machine;

  beforeEach(() => {
    machine = new Machine();
  });

  afterEach(() => rmSync(machine.path, { recursive: true }));

  it.each(['chromium', 'chromium-browser', 'google-chrome'])(
    'is %s on the PATH, and nothing is installed',
    async (name) => {
      const file = machine.add(name, BROWSER);
      const { code, out } = await machine.setup(['--browser']);
      expect([code, out]).toEqual([0, expect.stringContaining(`the browser is ${file}\n`)]);
      expect(out).not.toContain('Installing');
    },
  );

  it('is the one at CHROMIUM_PATH before those on the PATH', async () => {
    machine.add('chromium', BROWSER);
    const file = machine.add('mine', BROWSER);
    expect((await machine.setup(['--browser'], { CHROMIUM_PATH: file })).out).toContain(`the browser is ${file}\n`);
  });

  it('is no program at CHROMIUM_PATH that is no Chromium: the set-up fails and names it', async () => {
    machine.add('chromium', BROWSER);
    const { code, err } = await machine.setup(['--browser'], { CHROMIUM_PATH: '/no/such/browser' });
    expect([code, err]).toEqual([1, expect.stringContaining('CHROMIUM_PATH is "/no/such/browser"')]);
  });

  it.each([
    ['is too old', 'echo "Chromium 90.0.4430.212"'],
    ['only says how to install it', 'echo "requires the chromium snap" >&2; exit 1'],
  ])('is installed from the package chromium when the one on the PATH %s', async (_, script) => {
    machine.add('chromium-browser', script);
    machine.addApt('156.0.8078.108-1~deb12u1');
    const { code, out } = await machine.setup(['--browser']);
    expect([code, out]).toEqual([0, expect.stringContaining(`the browser is ${machine.path}/chromium\n`)]);
    expect(machine.installed).toBe('chromium');
  });

  it.each<[string, (on: Machine) => void, RegExp]>([
    ['there is no apt-get', () => {}, /there is no apt-get/],
    ['apt-get knows only an old one', (on) => on.addApt('90.0.1'), /knows no package of version \d+ or newer/],
    [
      'apt-get would have to remove other packages for it',
      (on) => {
        on.addApt('156.0.1');
        on.add('sh', 'echo "Reading"; echo "E: Packages need to be removed but remove is disabled."; exit 100');
      },
      /apt-get does not install chromium: Packages need to be removed but remove is disabled\. /,
    ],
    [
      'the installed one does not run',
      (on) => on.addApt('156.0.1', 'exit 1'),
      /its package is installed now, and does not run/,
    ],
  ])('is left out in one loud line when %s', async (_, prepare, why) => {
    prepare(machine);
    const { code, err } = await machine.setup(['--browser']);
    expect([code, err]).toEqual([0, expect.stringMatching(/^!!! THE BROWSER TESTS ARE LEFT OUT\. .*\n$/)]);
    expect(err).toMatch(why);
  });

  it('fails the set-up in CI when it cannot be had', async () => {
    const { code, err } = await machine.setup(['--browser'], { CI: 'true' });
    expect([code, err]).toEqual([1, expect.stringMatching(/^Chromium \d+ or newer is not on the PATH; .*\n$/)]);
  });

  it('is not looked for without --browser', async () => {
    machine.addApt('156.0.1');
    const { code, out, err } = await machine.setup([], { CI: 'true' });
    expect([code, err, out]).toEqual([0, '', expect.not.stringContaining('browser')]);
  });
});
