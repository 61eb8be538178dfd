import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { NestworkError } from './errors.js';
import { printable } from './task/printable.js';
import { readText } from './task/thrown.js';
import { isWorkerChild } from './worker/child-role.js';

/** What all copies of the package in this process know of each other; a fixed name, because each has its own modules. */
const COPIES = Symbol.for('nestwork:copies');

/** What Nest throws when a class is not among the providers, as the one of another copy never is. */
const UNKNOWN_TO_NEST = /^Unknown(Dependencies|Element)Exception$/;

const REMEDIES = [
  'Look for them with `npm ls nestwork`, and make it one: `npm dedupe`, or the same version in every package.json.',
  'In a library, make nestwork a peer dependency.',
];

interface Copies {
  /** the folder of each copy */
  readonly places: Set<string>;
  /** an app has imported the module of one of them */
  used: boolean;
  /** how many there were when people were told last */
  told: number;
}

/** Makes this copy known to the others; tells people, if an app uses one of them already. */
export function noteCopy(): void {
  const copies = all();
  copies.places.add(place());
  if (copies.used) tell(copies);
}

/** An app imports the module of this copy: it is told of the others, before Nest cannot resolve what those export. */
export function useCopy(): void {
  const copies = all();
  copies.used = true;
  tell(copies);
}

/** The same error, unless Nest does not know a class and there are several copies: then one that names them. */
export function explained(error: unknown): unknown {
  const { places } = all();
  if (places.size < 2 || !UNKNOWN_TO_NEST.test(nameOf(error))) return error;
  const [why = ''] = (readText(error, 'message') ?? '').split('\n', 1);
  return new NestworkError('TWO_COPIES', `${said(places)} Nest knows the classes of one of them: ${why}`, REMEDIES, {
    cause: error,
  });
}

function all(): Copies {
  const shared = globalThis as { [COPIES]?: Copies };
  shared[COPIES] ??= { places: new Set(), used: false, told: 1 };
  return shared[COPIES];
}

/** Once for each further copy; in a worker the supervisor, which loads the same files, does it for its children. */
function tell(copies: Copies): void {
  const { places, told } = copies;
  if (places.size <= told || isWorkerChild()) return;
  copies.told = places.size;
  new Logger('TaskQueue').warn(
    `${said(places)} What one exports, such as QueueClient, cannot be injected where the module of another is imported.\n` +
      REMEDIES.map((remedy) => `- ${remedy}`).join('\n'),
  );
}

function said(places: ReadonlySet<string>): string {
  const shown = Array.from(places, (folder) => `${versionIn(folder)} in ${printable(folder, 500)}`);
  return `This app has ${places.size} copies of nestwork: ${shown.join(', ')}.`;
}

function versionIn(folder: string): string {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, '..', 'package.json'), 'utf8')) as { version?: unknown };
    return printable(String(version), 40);
  } catch {
    return 'an unknown version';
  }
}

/** The folder of this file. Out of a stack: a test runner may load it as CommonJS, where `import.meta` is an error of syntax. */
function place(): string {
  const [, , , file = ''] =
    /\n.*?(?:\(|at )((async )?((?:file:|[A-Za-z]:\\|\/)[^()\n]*?)):\d+:\d+\)?(?:\n|$)/.exec(new Error().stack ?? '') ??
    [];
  const path = file.startsWith('file:') ? fileURLToPath(file.replace(/[?#].*/, '')) : file;
  return path === '' ? 'an unknown place' : dirname(path);
}

/** Nest's exceptions go by their class: their name is that of every error. */
function nameOf(error: unknown): string {
  const type: unknown = typeof error === 'object' && error !== null ? error.constructor : undefined;
  return typeof type === 'function' ? type.name : '';
}
