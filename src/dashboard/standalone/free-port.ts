import { createServer } from 'node:net';
import { usageError } from '../../terminal/usage.js';

/** Where people look for it again: it stays the same from one run to the next. */
const USUAL_PORT = 4_983;

/**
 * The port to listen on; 0 for any.
 *
 * @param given undefined for the usual port, or any if that is taken
 * @throws NestworkError INVALID_USAGE
 */
export async function portFor(host: string, given: number | undefined): Promise<number> {
  const fault = await faultOf(host, given ?? USUAL_PORT);
  if (fault === undefined) return given ?? USUAL_PORT;
  if (fault.code !== 'EADDRINUSE')
    throw usageError(`No port of ${host} can be used: ${fault.message}.`, 'Give another: --host, --port.');
  if (given === undefined) return 0;
  throw usageError(`The port ${given} of ${host} is taken.`, ['Give another: --port.', 'Leave it out for a free one.']);
}

function faultOf(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
