import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import { isWorkerChild } from '../ipc/child-role.js';
import { printable } from '../values/printable.js';
import { readText } from '../values/thrown.js';

/** The state that all copies of the package in this process share; a fixed name, because each has its own modules. */
const COPIES = Symbol.for('nestwork:copies');

/** Nest's error when a class is not among the providers, which is always so for a class of another copy. */
const UNKNOWN_TO_NEST = /^Unknown(Dependencies|Element)Exception$/;

const REMEDIES = [
  'Look for them with `npm ls nestwork`, and make it one: `npm dedupe`, or the same version in every package.json.',
  'In a library, make nestwork a peer dependency.',
];

/** Stands behind the folder of a copy that was compiled to CommonJS. */
const AS_COMMONJS = ' as CommonJS';

/** One folder that was loaded twice: npm has nothing to merge there. */
const LOADED_TWICE = [
  'A loader such as tsx compiles nestwork to CommonJS for files that require it, and loads it as it is for files that import it: let all files of the app load it in one way.',
  'Either set `"type": "module"` in package.json, or compile with `nest build` or tsc and run `node dist/main.js`.',
];

/** Distinguishes the modules of this copy from those of another one, even of the same files. */
export const COPY = Symbol('this copy of nestwork');

interface Copies {
  /** the folder of each copy, and whether it was compiled to CommonJS */
  readonly places: Set<string>;
  /** an app has imported the module of one of them */
  used: boolean;
  /** how many there were at the last warning */
  warnedOf: number;
}

/** Registers this copy; logs a warning if an app uses another one already. */
export function noteCopy(): void {
  const copies = all();
  copies.places.add(place());
  if (copies.used) warn(copies);
}

/** An app imports the module of this copy: the log warns of the others, before Nest fails to resolve their exports. */
export function useCopy(): void {
  const copies = all();
  copies.used = true;
  warn(copies);
}

/** The same error, unless Nest does not know a class and there are several copies: then one that names them. */
export function explained(error: unknown): unknown {
  const { places } = all();
  if (places.size < 2 || !UNKNOWN_TO_NEST.test(nameOf(error))) return error;
  const [why = ''] = (readText(error, 'message') ?? '').split('\n', 1);
  return new NestworkError(
    'TWO_COPIES',
    `${said(places)} Nest knows the classes of one of them: ${why}`,
    remedies(places),
    {
      cause: error,
    },
  );
}

/**
 * Loads a late part of the package, in this copy. With a loader such as tsx, for which a CommonJS app requires the package,
 * `import()` goes to Node, which makes a second copy of loaded modules; `require` returns those of this copy.
 *
 * @param required called where `import()` has loaded a part of another copy
 */
export function ofThisCopy<Part extends { readonly COPY: symbol }>(imported: Part, required: () => Part): Part {
  return imported.COPY === COPY ? imported : required();
}

function all(): Copies {
  const shared = globalThis as { [COPIES]?: Copies };
  shared[COPIES] ??= { places: new Set(), used: false, warnedOf: 1 };
  return shared[COPIES];
}

/** Once for each further copy. In a worker the supervisor, which loads the same files, logs it for its children. */
function warn(copies: Copies): void {
  const { places, warnedOf } = copies;
  if (places.size <= warnedOf || isWorkerChild()) return;
  copies.warnedOf = places.size;
  new Logger('TaskQueue').warn(
    `${said(places)} The exports of one, such as QueueClient, cannot be injected where the module of another is imported.\n` +
      remedies(places)
        .map((remedy) => `- ${remedy}`)
        .join('\n'),
  );
}

function said(places: ReadonlySet<string>): string {
  const shown = Array.from(places, (place) => `${versionIn(folderOf(place))} in ${printable(place, 500)}`);
  return `This app has ${places.size} copies of nestwork: ${shown.join(', ')}.`;
}

function remedies(places: ReadonlySet<string>): string[] {
  const folders = new Set(Array.from(places, folderOf));
  return [...(folders.size < places.size ? LOADED_TWICE : []), ...(folders.size > 1 ? REMEDIES : [])];
}

function folderOf(place: string): string {
  return place.endsWith(AS_COMMONJS) ? place.slice(0, -AS_COMMONJS.length) : place;
}

function versionIn(folder: string): string {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
    // of a bundle it is that of the app
    if (name === 'nestwork') return printable(String(version), 40);
  } catch {
    // nothing to read there
  }
  return 'an unknown version';
}

/**
 * The folder of the package, and how it was loaded. Out of a stack: a test runner may load it as CommonJS, where `import.meta`
 * is an error of syntax.
 */
function place(): string {
  const [, , , file = ''] =
    /\n.*?(?:\(|at )((async )?((?:file:|[A-Za-z]:\\|\/)[^()\n]*?)):\d+:\d+\)?(?:\n|$)/.exec(new Error().stack ?? '') ??
    [];
  const path = file.startsWith('file:') ? fileURLToPath(file.replace(/[?#].*/, '')) : file;
  // a source map says src/ of what is in dist/
  const folder = path === '' ? 'an unknown place' : dirname(path).replace(/[/\\](?:dist|src)[/\\]discovery$/, '');
  return typeof require === 'function' ? `${folder}${AS_COMMONJS}` : folder;
}

/** Nest's exceptions go by their class: their name is that of every error. */
function nameOf(error: unknown): string {
  const type: unknown = typeof error === 'object' && error !== null ? error.constructor : undefined;
  return typeof type === 'function' ? type.name : '';
}
