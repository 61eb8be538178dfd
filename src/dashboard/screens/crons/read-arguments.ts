import { NestworkError } from '../../../errors.js';
import { LONG, SHORT, shownArguments } from '../../arguments/shown-arguments.js';
import { textIn } from '../../http/input.js';
import type { Call } from '../../http/route.js';
import type { ArgumentsView } from '../task/wire.js';

/** For how long all who look get the same, in ms. */
const KEPT_MS = 4_000;

/** The arguments of the runs of a cron, as far as this person may see them. */
export async function readCronArguments(call: Call): Promise<ArgumentsView> {
  const { inspector, live, query, redaction, rights } = call;
  const name = textIn(query, 'name');
  const { cron, args } = await live.shared.read(
    ['cron arguments', name],
    () => inspector.crons.withArguments(name),
    KEPT_MS,
  );
  const { task, queue } = cron;
  if (!(await rights.may('arguments', { cron: name, queue, task }))) return { is: 'denied' };
  const bounds = query.get('long') === '1' ? LONG : SHORT;
  const opened = openedOr(args);
  return opened ? { is: 'shown', ...shownArguments(opened, redaction.of({ task, queue }), bounds) } : { is: 'sealed' };
}

/** Undefined where this app does not have the key. */
function openedOr(args: () => unknown[]): unknown[] | undefined {
  try {
    return args();
  } catch (error) {
    if (error instanceof NestworkError && error.code === 'PAYLOAD_SEALED') return undefined;
    throw error;
  }
}
