/**
 * What a person may do in the dashboard. `view`: open it, and see all but arguments, results and keys of limits; `arguments`: see those;
 * `delete`: remove dead tasks, and crons that were set at run time; `reschedule`: run a scheduled task now, or move its time;
 * `set-limit`: set and reset limits; `control`: quiet, stop and recycle workers and children.
 *
 * @example
 * const harmless: DashboardAction[] = ['view', 'redrive'];
 * QueueDashboardModule.forRoot({ access: 'app', can: (action) => harmless.includes(action) });
 */
export type DashboardAction = (typeof DASHBOARD_ACTIONS)[number];

export const DASHBOARD_ACTIONS = [
  'view',
  'arguments',
  'redrive',
  'redrive-edited',
  'delete',
  'purge',
  'cancel',
  'reschedule',
  'pause',
  'run-cron',
  'send',
  'set-limit',
  'control',
] as const;

/**
 * The thing that somebody wants to see or act on. Without more than a namespace, the question is whether the action is allowed at
 * all: the page then shows its button.
 *
 * @example
 * const isMail = ({ queue }: DashboardSubject) => queue === undefined || queue === 'mail';
 * QueueDashboardModule.forRoot({
 *   access: 'app',
 *   can: (action, subject) => action === 'view' || (isMail(subject) && subject.group === undefined),
 * });
 */
export interface DashboardSubject {
  /** the name of the namespace in the dashboard */
  readonly namespace: string;
  /** of the task, or the queue itself */
  readonly queue?: string | undefined;
  /** name of the task */
  readonly task?: string | undefined;
  /** of the task */
  readonly id?: string | undefined;
  /**
   * id of the batch or flow that is to be cancelled. Of a flow the question is asked for each queue and task in it, and then for the
   * flow alone; of a batch only for the batch, of whose tasks no list is kept
   */
  readonly group?: string | undefined;
  /** name of the cron */
  readonly cron?: string | undefined;
  /** name of the limit; that of a queue is `queue <queue>`, and has the queue beside it. With `arguments` it is about its keys */
  readonly limit?: string | undefined;
  /** the key of the limit; undefined for all of it */
  readonly key?: string | undefined;
  /** id of the worker */
  readonly worker?: string | undefined;
}

/** Decides for one request. */
export class Rights {
  constructor(
    private readonly namespace: string,
    private readonly decide: (action: DashboardAction, subject: DashboardSubject) => boolean | Promise<boolean>,
    /** whether the answer may be another one for each task */
    readonly isByTask = true,
  ) {}

  /** Anything but `true` is a no: a forgotten `return` must not open the door. */
  async may(action: DashboardAction, subject: Omit<DashboardSubject, 'namespace'> = {}): Promise<boolean> {
    return (await this.decide(action, { ...subject, namespace: this.namespace })) === true;
  }

  /** Each action, and whether it is allowed at all: without the right to look, none is. */
  async all(): Promise<Record<DashboardAction, boolean>> {
    const mayView = await this.may('view');
    const may = (action: DashboardAction): Promise<boolean> | boolean =>
      action === 'view' ? mayView : mayView && this.may(action);
    const answers = DASHBOARD_ACTIONS.map(async (action) => [action, await may(action)] as const);
    return Object.fromEntries(await Promise.all(answers)) as Record<DashboardAction, boolean>;
  }
}
