import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import { type InspectorOptions, resolveInspectorOptions } from '../inspector/create-inspector.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import type { DashboardAction, DashboardSubject } from './rights.js';

/**
 * A request as the HTTP platform of the app hands it over: of Express or Fastify.
 *
 * @example
 * const nameOf = (request: DashboardRequest) => (request as { user?: { email: string } }).user?.email;
 */
export type DashboardRequest = object;

/**
 * Decides whether a value among the arguments of a task, in its result, or the key of a limit is hidden.
 *
 * @example
 * const longNumbers: RedactFunction = (value) => typeof value === 'string' && /^\d{12,19}$/.test(value);
 */
export type RedactFunction = (
  value: unknown,
  place: {
    /** `[0].card.number`, from the arguments; `result.card.number` in what the task returned; `limits.stripe`, a key of that limit */
    readonly path: string;
    /** name of the task; '' where only its result is left, and for a key that is no task's alone */
    readonly task: string;
    /** of the task; '' as its name */
    readonly queue: string;
  },
) => boolean;

/**
 * An action that somebody took in the dashboard, or was refused.
 *
 * @example
 * const audit = ({ by, action, subject, outcome }: DashboardAuditEntry) => console.log(by, action, subject, outcome);
 */
export interface DashboardAuditEntry {
  /** when it ended */
  readonly at: Date;
  /** the name of the person, as `user` gave it */
  readonly by: string;
  /** what was done */
  readonly action: DashboardAction;
  /** of `control`: what the worker was ordered */
  readonly order?: 'quiet' | 'stop' | 'recycle';
  /** the thing it was done to; of a bulk action the filter is in `filter` */
  readonly subject: DashboardSubject;
  /** of a bulk action: which tasks it was for, as the page sent it */
  readonly filter?: unknown;
  /** `denied`: `can` refused it; `failed`: with an error */
  readonly outcome: 'done' | 'denied' | 'failed';
  /** how many tasks, queues, crons, limits or workers it was done to */
  readonly count: number;
  /** the message of the error, of one that failed */
  readonly error?: string;
}

/**
 * The options of `QueueDashboardModule` that belong to its routes: they must be known before the app is made.
 *
 * @example
 * const place: DashboardPlace = { path: 'admin/queues', guards: [] };
 */
export interface DashboardPlace {
  /**
   * Where the dashboard is, below the global prefix of the app; without a version, where the app has some.
   * @default 'queues'
   */
  path?: string;
  /**
   * Guards of all its routes, classes or instances, beside those of the whole app.
   * @default none
   */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /**
   * `'app'`: a global guard of the app (`APP_GUARD`, `useGlobalGuards()`) covers the dashboard. `'public'`: everybody who reaches the
   * app may look; without `can` nobody may act or see arguments.
   * @default none: then `guards` must be given
   */
  access?: 'app' | 'public';
  /**
   * Modules with the providers that the guards inject.
   * @default none
   */
  imports?: ModuleMetadata['imports'];
}

/**
 * The other options of `QueueDashboardModule`: a factory may make them.
 *
 * @example
 * const settings: DashboardSettings = { redact: ['**.password'] };
 * QueueDashboardModule.forRoot({ access: 'app', ...settings });
 */
export interface DashboardSettings {
  /**
   * Whether the person behind a request may do something. It is called for 'view' before each look and for its action before each
   * action, with the subject, and for each action without a subject when the page opens. Anything but `true` counts as a no, and so
   * does an error.
   * @default everything; with `access: 'public'` only 'view'
   */
  can?: (action: DashboardAction, subject: DashboardSubject, request: DashboardRequest) => boolean | Promise<boolean>;
  /**
   * The name of the person behind a request: actions are recorded under it. An error refuses the request.
   * @default `request.user`: its `username`, `email`, `name`, `id` or `sub`; else 'dashboard'
   */
  user?: (request: DashboardRequest) => string | undefined | Promise<string | undefined>;
  /**
   * Hides values among the arguments of tasks, in their results, and keys of limits: paths such as `[0].card.number`,
   * `result.token`, `limits.stripe`, `*.iban` and `**.password`, and functions. Error messages and logs are shown as they are.
   * @default none
   */
  redact?: readonly (string | RedactFunction)[];
  /**
   * Called with each action that somebody took or was refused. The answer does not wait for it; its errors are logged, and stop
   * nothing.
   * @default none
   */
  audit?: (entry: DashboardAuditEntry) => void | Promise<void>;
  /**
   * The namespaces that it shows, by the name that it shows them under. They may be on several servers: one that is away holds up no
   * other. It connects to each when somebody first looks at it.
   * @default the namespace of `TaskQueueModule`; it is not shown beside those that are named
   */
  namespaces?: Readonly<Record<string, InspectorOptions>>;
}

/**
 * Options of `QueueDashboardModule.forRoot`.
 *
 * @example
 * const options: QueueDashboardOptions = { path: 'admin/queues', access: 'app', redact: ['**.password'] };
 * QueueDashboardModule.forRoot(options);
 */
export interface QueueDashboardOptions extends DashboardPlace, DashboardSettings {}

const PLACE = ['path', 'guards', 'access', 'imports'];
const SETTINGS = ['can', 'user', 'redact', 'audit', 'namespaces'];

/** Options of the routes, with defaults. */
export interface ResolvedPlace {
  readonly path: string;
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  readonly access: 'app' | 'public' | undefined;
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/** @throws NestworkError INVALID_OPTION, DASHBOARD_OPEN */
export function resolvePlace(
  options: DashboardPlace,
  where: string,
  others: readonly string[] = SETTINGS,
): ResolvedPlace {
  assertKnownOptions(options, [...PLACE, ...others], where);
  const { path = 'queues', guards = [], access, imports = [] } = options;
  if (typeof path !== 'string' || path === '' || /[^\w\-./~]|\/\//.test(path)) {
    throw invalid('path', `is ${shown(path)}`, "Give a path without parameters, like 'admin/queues'.");
  }
  if (!Array.isArray(guards)) throw invalid('guards', 'is not a list', 'Give classes or instances: [AdminGuard].');
  const wrong = guards.find((guard) => !isGuard(guard));
  if (wrong !== undefined || guards.includes(undefined)) {
    throw invalid('guards', `holds ${shown(wrong)}, which is no guard`, [
      'Give classes or instances with a method `canActivate`.',
      'An undefined one is often a circular import: import the file of the guard first.',
    ]);
  }
  if (access !== undefined && access !== 'app' && access !== 'public') {
    throw invalid('access', `is ${shown(access)}`, "Give 'app' or 'public', or leave it out and give `guards`.");
  }
  if (access === undefined && guards.length === 0) throw open(`${where} got neither \`guards\` nor \`access\`.`);
  return { path, guards, access, imports };
}

function isGuard(guard: unknown): boolean {
  const made = typeof guard === 'function' ? guard.prototype : guard;
  return typeof (made as Partial<CanActivate> | null | undefined)?.canActivate === 'function';
}

/** @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION */
export function checkSettings(settings: DashboardSettings, where: string): DashboardSettings {
  assertKnownOptions(settings, SETTINGS, where, (name) =>
    PLACE.includes(name) ? 'It belongs to the routes: give it beside `useFactory`.' : undefined,
  );
  for (const name of ['can', 'user', 'audit'] as const) {
    if (settings[name] !== undefined && typeof settings[name] !== 'function') {
      throw invalid(name, `is ${shown(settings[name])}, and no function`, 'Give a function, or leave it out.');
    }
  }
  const { redact, namespaces } = settings;
  const isRule = (rule: unknown): boolean => typeof rule === 'function' || (typeof rule === 'string' && rule !== '');
  if (redact !== undefined && !(Array.isArray(redact) && redact.every(isRule))) {
    throw invalid('redact', 'is not a list of paths and functions', "Give a list like ['**.password'].");
  }
  if (namespaces !== undefined) {
    assertOptionsObject(namespaces, 'namespaces');
    if (Object.keys(namespaces).length === 0) {
      throw invalid('namespaces', 'is empty', 'Name one, or leave it out for the namespace of TaskQueueModule.');
    }
    for (const [name, options] of Object.entries(namespaces)) {
      if (name.trim() === '')
        throw invalid('namespaces', 'has a name without letters', 'Give it a name that people know.');
      resolveInspectorOptions(options, `the namespace "${name}" of the dashboard`);
    }
  }
  return settings;
}

/** The error of a dashboard that anybody could open. */
export function open(what: string): NestworkError {
  return new NestworkError('DASHBOARD_OPEN', `${what} Everybody who reaches the app could act on its tasks.`, [
    'Give `guards: [AdminGuard]`.',
    "Give `access: 'app'` if a global guard of the app covers the dashboard.",
    "Give `access: 'public'` if everybody may look.",
  ]);
}
