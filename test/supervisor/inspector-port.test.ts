import { inspectorArguments } from '../../src/supervisor/inspector-port.js';

function added(seat: number, execArgv: string[], nodeOptions?: string, debugPort = 9_229): string[] {
  return inspectorArguments(seat, { execArgv, nodeOptions, debugPort });
}

it.each<[string[], string | undefined]>([
  [[], undefined],
  [['--enable-source-maps'], '--max-old-space-size=64'],
  // listens only once it gets SIGUSR1
  [['--inspect-port=9500'], undefined],
  [['--inspect-publish-uid=http'], undefined],
])('a child gets no port without a debugger: %p, NODE_OPTIONS %p', (execArgv, nodeOptions) => {
  expect(added(0, execArgv, nodeOptions)).toEqual([]);
});

it.each<[string[], string | undefined]>([
  [['--inspect'], undefined],
  [['--inspect-brk'], undefined],
  [['--inspect-wait=9229'], undefined],
  [['--inspect=0.0.0.0:9229'], undefined],
  [['--inspect=localhost'], undefined],
  [['--inspect', '--inspect-port', '9229'], undefined],
  [[], '--inspect'],
  [[], '--trace-warnings --inspect-brk=9229 --enable-source-maps'],
  [['--inspect-port=9229'], '--inspect=0'],
])('a child gets the port of the supervisor and its seat: %p, NODE_OPTIONS %p', (execArgv, nodeOptions) => {
  expect(added(0, execArgv, nodeOptions)).toEqual(['--inspect-port=9230']);
  expect(added(3, execArgv, nodeOptions)).toEqual(['--inspect-port=9233']);
});

it.each<[string[], string | undefined]>([
  [['--inspect=0'], undefined],
  [['--inspect-brk=127.0.0.1:0'], undefined],
  [[], '--inspect=0'],
  [['--inspect=9229', '--inspect-port=0'], undefined],
])('a child gets any free port where the supervisor did: %p, NODE_OPTIONS %p', (execArgv, nodeOptions) => {
  expect(added(0, execArgv, nodeOptions, 40_207)).toEqual([]);
});

it('a child gets any free port beyond the last one', () => {
  expect(added(0, ['--inspect=65535'], undefined, 65_535)).toEqual(['--inspect-port=0']);
});
