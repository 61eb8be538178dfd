import type { Claimant } from './broker.js';

/** What a task has noted since the last write. */
export interface NotesWrite {
  readonly id: string;
  /** `<queue> <task>` and how it ended, see task-notes.ts */
  readonly noted: string;
  /** whether it ended and will not run again, so that its notes go soon */
  readonly ended: boolean;
  /** of the last call in it; the child counts its calls up by one, so that each is written once */
  readonly number: number;
  /** the last progress, '' for none */
  readonly progress: string;
  /** each with the number of its call, the oldest first */
  readonly lines: readonly { readonly number: number; readonly line: string }[];
}

/** The call of a child. */
export interface NotingBroker {
  /** Adds to the notes of a task. Resolves to false when the child no longer holds it. Rejects with LEASE_LOST. */
  write(claimant: Pick<Claimant, 'session' | 'child'>, notes: NotesWrite): Promise<boolean>;
}

/** The calls of people and tools. Notes come as they are stored. */
export interface NotesBroker {
  /** Those of a task that is not dead; undefined for none. */
  read(id: string): Promise<string | undefined>;
}
