import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { BroadcastRecords, Turn } from '../../broker/port/broker.js';
import { KEPT_BROADCASTS } from '../../task/broadcast.js';
import type { Child } from '../child.js';
import type { Delivered } from './mailbox.js';

/**
 * While no child of this worker can take a turn, or another worker of this machine has it, it asks again this often, in ms.
 */
const RETRY_MS = 1_000;
/** Children that died during a broadcast before the machine gives it up: the broadcast might kill them. */
const MAX_DEATHS = 3;

/** A broadcast on its way. */
export interface Broadcast {
  /** the task id under which it was sent */
  readonly id: string;
  readonly name: string;
  /** of the entry in the stream */
  readonly entry: string;
  readonly message: string;
}

/** A child that broadcasts are handed to. */
export type Addressee = Pick<Child, 'pid' | 'booted' | 'dismissed' | 'claimant' | 'mailbox' | 'scoreboard'>;

interface Waiting {
  readonly broadcast: Broadcast;
  /** children that died during it */
  deaths: number;
}

export interface OncePerHostOptions {
  readonly records: Pick<BroadcastRecords, 'takeTurn'>;
  readonly children: () => Iterable<Addressee>;
  /** It ended in this child; `last` when the machine is done with it. */
  readonly onEnded: (broadcast: Broadcast, child: Addressee, delivered: Delivered, last: boolean) => void;
  /** No child of this worker will run it: too many newer ones wait. */
  readonly onDropped: (broadcast: Broadcast) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Broadcasts that run once on a machine, in order, one at a time: for each, the first worker that asks gets the turn and
 * hands it to the child that has least to do. When that child dies, another one gets it; when that worker is gone,
 * another worker of the machine.
 */
export class OncePerHost {
  private readonly waiting: Waiting[] = [];
  private working = false;
  private readonly ending = new AbortController();

  constructor(private readonly options: OncePerHostOptions) {}

  offer(broadcast: Broadcast): void {
    this.waiting.push({ broadcast, deaths: 0 });
    // the first one may be running
    const [oldest] = this.waiting.length > KEPT_BROADCASTS ? this.waiting.splice(1, 1) : [];
    if (oldest) this.options.onDropped(oldest.broadcast);
    if (!this.working) void this.work();
  }

  /** Leaves the rest to other workers. */
  stop(): void {
    this.ending.abort();
  }

  private async work(): Promise<void> {
    this.working = true;
    const { signal } = this.ending;
    for (let [first] = this.waiting; first && !signal.aborted; [first] = this.waiting) {
      if (await this.isDone(first)) this.waiting.shift();
      else await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    }
    this.working = false;
  }

  private async isDone(waiting: Waiting): Promise<boolean> {
    const { broadcast } = waiting;
    for (;;) {
      const child = this.leastBusy();
      if (!child?.claimant) return false;
      const turn = await this.ask(broadcast, child.claimant.session);
      if (turn !== 'mine') return turn === 'done';
      const delivered = await new Promise<Delivered>((ended) =>
        child.mailbox.add({ id: broadcast.entry, message: broadcast.message, ended }),
      );
      // a child that its supervisor ended did not die because of the broadcast
      if (delivered.fate === 'died' && !child.dismissed) waiting.deaths += 1;
      const last = delivered.fate === 'ended' || waiting.deaths === MAX_DEATHS;
      this.options.onEnded(broadcast, child, delivered, last);
      if (last) return true;
    }
  }

  /** Undefined when Redis did not say. */
  private async ask(broadcast: Broadcast, session: string): Promise<Turn | undefined> {
    const { records, onError } = this.options;
    return records.takeTurn(broadcast.id, hostname(), session).catch((error: unknown) => {
      onError(error);
      return undefined;
    });
  }

  private leastBusy(): Addressee | undefined {
    const candidates = [...this.options.children()].filter(({ booted, dismissed, claimant }) => {
      return booted && !dismissed && claimant !== undefined;
    });
    const load = ({ mailbox, scoreboard }: Addressee): number => mailbox.size + scoreboard.read().running.length;
    return candidates.sort((a, b) => load(a) - load(b))[0];
  }
}
