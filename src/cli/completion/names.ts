import type { Inspector } from '../../inspector/inspector.js';
import type { Completes } from '../../terminal/command.js';
import type { GivenPlace } from '../settings.js';
import { settingsOf } from '../settings.js';

/** A person waits for the words; in ms. */
const PATIENCE_MS = 300;

/** Names that Redis has; none when it does not answer in time, or for any other reason. */
export async function namesIn(
  kind: Exclude<Completes, 'files'>,
  args: readonly string[],
  patienceMs = Number(process.env.NESTWORK_COMPLETION_TIMEOUT) || PATIENCE_MS,
): Promise<readonly string[]> {
  const { openInspector } = await import('../../inspector/create-inspector.js');
  const late = new Promise<readonly string[]>((resolve) => setTimeout(resolve, patienceMs, []));
  const read = async (): Promise<readonly string[]> =>
    namesOf(kind, await openInspector({ ...settingsOf(placeIn(args)), commandTimeout: patienceMs }, { check: 'none' }));
  return Promise.race([read().catch(() => []), late]);
}

/** The process ends with the answer, and so does the connection. */
async function namesOf(kind: Exclude<Completes, 'files'>, inspector: Inspector): Promise<readonly string[]> {
  if (kind === 'queues') return inspector.queues.names();
  if (kind === 'tasks') return inspector.tasks.names();
  if (kind === 'limits') return inspector.limits.names();
  if (kind === 'crons') return (await inspector.crons.list()).map(({ name }) => name);
  return (await inspector.workers.list()).map(({ id }) => id);
}

/** Where Redis is, by the options that were typed so far. */
function placeIn(args: readonly string[]): GivenPlace {
  const value = (name: string): string | undefined => {
    const at = args.indexOf(name);
    const joined = args.find((arg) => arg.startsWith(`${name}=`));
    return at < 0 ? joined?.slice(name.length + 1) : args[at + 1];
  };
  const given = { redis: value('--redis'), namespace: value('--namespace'), config: value('--config') };
  return Object.fromEntries(Object.entries(given).filter(([, text]) => text !== undefined));
}
