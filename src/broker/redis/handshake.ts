import type { Redis } from 'ioredis';
import { isForbidden, isUnknownCommand } from './redis-errors.js';

/** What a client sends by itself to make a connection, each by its own method of that name. */
const STEPS = ['hello', 'auth', 'select', 'info'] as const;

/** A step of making a connection, which the server may refuse. */
export type HandshakeStep = (typeof STEPS)[number];

type Send = (...args: unknown[]) => Promise<unknown>;

/** ioredis goes on after these answers. */
const GOES_ON: Record<HandshakeStep, (error: Error) => boolean> = {
  hello: (error) => error.message.startsWith('NOPROTO') || isUnknownCommand(error) || needsNoPassword(error),
  auth: needsNoPassword,
  select: () => false,
  info: isForbidden,
};

/**
 * Watches how a client makes its connections, and gives up each whose database is not proven.
 *
 * By itself ioredis goes on after a SELECT that failed: in database 0, to which it also repeats all commands without an answer. A
 * connection that is given up here never becomes ready, and over one that is not ready ioredis sends nothing of ours.
 *
 * @param refused receives each step that ends an attempt; ioredis drops its error if the server closes the connection behind it
 */
export function watchHandshake(client: Redis, refused: (step: HandshakeStep, error: Error) => void): void {
  for (const step of STEPS) {
    const send = (Reflect.get(client, step) as Send).bind(client);
    const watched: Send = (...args) => {
      const { stream } = client;
      if (client.status !== 'ready') writeTogether(stream);
      // of all that ioredis calls here only its ready check takes a callback
      const callback = step === 'info' ? args.pop() : undefined;
      const reply = send(...args).catch((error: Error) => {
        // its time may be over when there is another connection already
        if (client.stream === stream) judge(step, error);
        throw error;
      });
      return typeof callback === 'function' ? readyCheck(reply, callback as ReadyCheck) : reply;
    };
    Object.defineProperty(client, step, { value: watched });
  }

  function judge(step: HandshakeStep, error: Error): void {
    if (client.status === 'ready' && step !== 'select') return;
    if (error.name === 'ReplyError' && !GOES_ON[step](error)) refused(step, error);
    // an answer that is missing proves nothing either
    if (step === 'select') client.disconnect(true);
  }
}

/**
 * A server that has no room for a client says so at once and closes. The second of several writes would then fail before
 * what it said is read.
 */
function writeTogether(stream: Redis['stream']): void {
  stream.cork();
  process.nextTick(() => stream.uncork());
}

type ReadyCheck = (error: Error | null, info?: unknown) => void;

/** ioredis reads from INFO whether the server is still loading; a server that does not say is asked nothing. */
function readyCheck(info: Promise<unknown>, callback: ReadyCheck): Promise<void> {
  return info.then(
    (reply) => callback(null, reply),
    (error: Error) => (isForbidden(error) ? callback(null, {}) : callback(error)),
  );
}

function needsNoPassword(error: Error): boolean {
  return /no password is set|without any password configured/.test(error.message);
}
