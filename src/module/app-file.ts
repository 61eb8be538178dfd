/** Where `nestwork worker` stores the file of the app; a fixed name, because the app may have its own copy of the package. */
const APP_FILE = Symbol.for('nestwork:app-file');

type Shared = typeof globalThis & { [APP_FILE]?: string };

/** The entry file of this process is an installed command, which belongs to no app: this file belongs to it. */
export function noteAppFile(path: string): void {
  (globalThis as Shared)[APP_FILE] = path;
}

/** A file of the app; undefined where the entry file is one. */
export function notedAppFile(): string | undefined {
  return (globalThis as Shared)[APP_FILE];
}
