import { spawnSync } from 'node:child_process';

/** Whether Debian's `prometheus` is installed, which brings promtool. */
export const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
/** For the title of a test that needs it. */
export const NEEDS_PROMTOOL = HAS_PROMTOOL ? '' : ' (skipped: there is no promtool on the PATH)';

/** Its report; empty when it finds no fault. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return status === 0 ? '' : `${status}: ${stdout}${stderr}`;
}
