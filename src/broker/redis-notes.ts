import type { Claimant } from './port/broker.js';
import type { NotesBroker, NotesWrite, NotingBroker } from './port/notes-port.js';
import type { RedisConnection } from './redis/redis-connection.js';

/** The notes of tasks: a string for each task that notes something. */
export class RedisNotes implements NotingBroker, NotesBroker {
  constructor(private readonly connection: RedisConnection) {}

  async write(
    { session, child }: Pick<Claimant, 'session' | 'child'>,
    { id, noted, ended, number, progress, lines }: NotesWrite,
  ): Promise<boolean> {
    const flat = lines.flatMap((line) => [line.number, line.line]);
    const input = { sessionId: session, child, id, noted, ended: ended ? 1 : 0, number, progress, lines: flat };
    return (await this.connection.call('write-notes', input)) === 1;
  }

  async read(id: string): Promise<string | undefined> {
    // it answers nothing for a foreign key of another type
    const [stored] = await this.connection.command((redis, keys) => redis.mget(keys.notes(id)));
    return stored ?? undefined;
  }
}
