/** Where the command stores it; a fixed name, because the app may have its own copy of the package. */
const ROLE = Symbol.for('nestwork:command-role');

/** What a command starts an app for: to look at its outbox, or to relay. */
export type CommandRole = 'look' | 'relay';

type Shared = typeof globalThis & { [ROLE]?: CommandRole };

/** Set before the app is loaded. */
export function noteCommandRole(role: CommandRole): void {
  (globalThis as Shared)[ROLE] = role;
}

/** Undefined in the processes of the app itself. In those of a command no worker runs. */
export function commandRole(): CommandRole | undefined {
  return (globalThis as Shared)[ROLE];
}
