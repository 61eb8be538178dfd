import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that kernels give to outgoing connections, so that none takes ours before its server does. */
const PORTS = { from: 10_240, to: 32_768 };

/** A port of 127.0.0.1 on which no process listens: the first of several in a row, if several are wanted. */
export async function freePort(inARow = 1): Promise<number> {
  for (;;) {
    const first = randomInt(PORTS.from, PORTS.to - inARow);
    const ports = Array.from({ length: inARow }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const free = await once(probe.listen(port, '127.0.0.1'), 'listening').then(
    () => true,
    () => false,
  );
  if (free) await new Promise((resolve) => probe.close(resolve));
  return free;
}
