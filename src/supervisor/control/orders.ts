import type { LoggerService } from '@nestjs/common';
import type { StreamEntry } from '../../broker/port/broker.js';
import { WORKER_ACTIONS, type WorkerAction, type WorkerOrder } from '../../broker/port/worker-port.js';
import { NewNames } from '../../values/log-once.js';
import { printable } from '../../values/printable.js';

/** The parts of a worker that can be steered from outside. */
export interface Steered {
  /** Carries out an order. Returns why it cannot, if so. */
  obey(order: WorkerOrder): string | undefined;
}

export interface OrdersOptions {
  readonly steered: Steered;
  /** the session in force: an order to another one, dead or alive, does nothing here */
  readonly session: () => string | undefined;
  /** An order was carried out. */
  readonly onObeyed: (order: WorkerOrder & { readonly id: string }) => void;
  readonly logger: Pick<LoggerService, 'warn'>;
}

/**
 * Takes the orders of the stream that are for this worker, each once. An order goes with the lease of its session: a worker
 * that was cut off for longer has another session, and does not obey it any more.
 */
export class Orders {
  private readonly known = new NewNames();

  constructor(private readonly options: OrdersOptions) {}

  readonly receive = ({ id: entry, fields }: StreamEntry): void => {
    const { steered, session, onObeyed, logger } = this.options;
    const addressee = fields.get('session');
    // every worker reads it, and the one that it is for names it
    if (addressee !== undefined && addressee !== session()) return;
    const order = parsed(fields);
    if (addressee === undefined || typeof order === 'string') {
      const wrong = typeof order === 'string' ? order : 'it names no worker';
      logger.warn(`Skipping the order in entry ${printable(entry)} of the stream: ${wrong}.`);
      return;
    }
    if (!this.known.isNew(order.id)) return;
    const what = described(order);
    logger.warn(`${printable(order.by)} has ordered: ${what}.`);
    const refusal = steered.obey(order);
    if (refusal === undefined) onObeyed(order);
    else logger.warn(`Skipping the order to ${what}: ${refusal}.`);
  };
}

function described({ action, pid }: WorkerOrder): string {
  return pid === undefined ? action : `${action} child ${pid}`;
}

/** The order, or what is wrong with it: others can write into the stream, and newer versions have more actions. */
function parsed(fields: ReadonlyMap<string, string>): (WorkerOrder & { id: string }) | string {
  const [id = '', action = '', pid = '', by = ''] = ['id', 'action', 'pid', 'by'].map((field) => fields.get(field));
  if (id === '') return 'it has no id';
  if (by === '') return 'it does not say who gives it';
  if (!isAction(action)) return `this version cannot "${printable(action, 40)}"`;
  if (!/^\d{0,10}$/.test(pid)) return `"${printable(pid, 40)}" is no pid`;
  return { id, action, pid: pid === '' ? undefined : Number(pid), by };
}

function isAction(action: string): action is WorkerAction {
  return WORKER_ACTIONS.some((one) => one === action);
}
