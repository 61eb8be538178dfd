import { type CronDeclaration, cronsAmong, isCronDeclaration } from '../cron/cron-definition.js';
import type { CatalogEntry, DeclaringSession } from './port/broker.js';
import type { LiveSessions } from './port/worker-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { fieldsOf, fieldsOfLiveSessions, ofLiveSessions } from './session-lists.js';

/** The names of all crons of the app; `forget-crons` reads it. */
const DECLARED = '@crons';
/** Those among them that are disabled; `forget-crons` reads it. */
const DISABLED = '@disabled';
/** JSON of those that the worker fires. */
export const FIRED = '@fires';

/** The fields of a session's hash about crons; an app without crons has none. */
export function declaredCrons(catalog: readonly CatalogEntry[]): string[] {
  const crons = cronsAmong(catalog);
  if (crons.length === 0) return [];
  const disabled = crons.filter((cron) => cron.disabled).map(({ name }) => name);
  const fired = crons.filter((cron) => !cron.disabled);
  return [
    ...[DECLARED, crons.map(({ name }) => name).join(' '), FIRED, JSON.stringify(fired)],
    ...(disabled.length > 0 ? [DISABLED, disabled.join(' ')] : []),
  ];
}

/** The crons of one live session. */
export interface SessionCrons {
  readonly declared: readonly string[];
  /** false for a worker of an older version, which does not list the crons that it fires */
  readonly listsFires: boolean;
  /** those that it fires */
  readonly crons: readonly CronDeclaration[];
}

/** Of the live sessions those that declare crons. */
export async function readSessionCrons(connection: RedisConnection, sessions?: LiveSessions): Promise<SessionCrons[]> {
  const all = await fieldsOfLiveSessions(connection, [DECLARED, FIRED], sessions);
  return all.flatMap(([declared, fired]) => {
    if (!declared) return [];
    const listed = { declared: declared.split(' '), listsFires: fired !== null && fired !== undefined };
    return [{ ...listed, crons: firedCrons(fired) }];
  });
}

/** The live sessions that declare a cron. */
export async function readDeclarers(
  connection: RedisConnection,
  name: string,
  live?: LiveSessions,
): Promise<DeclaringSession[]> {
  const names = [DECLARED, FIRED, DISABLED, '@host', '@pid'];
  const sessions = live
    ? live.live.map(({ session, fields }) => [session, ...names.map((field) => fields[field])] as const)
    : await ofLiveSessions(connection, async (redis, session, keys) => {
        return [session, ...(await fieldsOf(redis, keys.session(session), names))] as const;
      });
  return sessions.flatMap(([session, declared, fired, disabled, host, pid]) => {
    if (!declared?.split(' ').includes(name)) return [];
    const cron = firedCrons(fired).find((one) => one.name === name);
    return [{ session, host: host ?? '', pid: Number(pid), fires: !disabled?.split(' ').includes(name), cron }];
  });
}

/** Left out is what a version that is newer than this one has written. */
export function firedCrons(json: string | null | undefined): CronDeclaration[] {
  try {
    const all: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(all) ? all.filter(isCronDeclaration) : [];
  } catch {
    return [];
  }
}
