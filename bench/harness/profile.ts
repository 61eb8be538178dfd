import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';
import { required } from './program.js';

/** Every process of a run with `--profile` loads this first: its CPU profile goes into a file when it exits. */
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');

process.on('exit', () => {
  const program = basename(process.argv[1] ?? '', '.js');
  const file = join(required('PROFILE_DIRECTORY'), `${program}-${process.pid}.cpuprofile`);
  // the answer comes before `post` returns
  session.post('Profiler.stop', (_error, { profile }) => writeFileSync(file, JSON.stringify(profile)));
});

// a process that handles no signal would die of it without an exit
process.on('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 1) process.exit();
});
