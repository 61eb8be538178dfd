import { Logger } from '@nestjs/common';
import { createInspector, type InspectorOptions } from '../inspector/create-inspector.js';
import type { Inspector } from '../inspector/inspector.js';
import { Refused } from './http/refused.js';

/** The namespaces of a dashboard: that of the app, or those that it names, each with an inspector of its own. */
export class Namespaces {
  private readonly log = new Logger('QueueDashboard');
  private isClosed = false;
  private readonly opening = new Map<string, Promise<Inspector>>();

  /** @param others by name; `own` is the only one without them */
  constructor(
    private readonly own: { readonly name: string; readonly inspector: Inspector } | undefined,
    private readonly others: Readonly<Record<string, InspectorOptions>> | undefined,
  ) {}

  get names(): readonly string[] {
    return this.others ? Object.keys(this.others) : this.own ? [this.own.name] : [];
  }

  /**
   * The name of a namespace that is there, or of the first one.
   *
   * @throws Refused
   */
  find(name: string | null): string {
    const [first = ''] = this.names;
    if (name === null || this.names.includes(name)) return name ?? first;
    throw new Refused(404, 'UNKNOWN_NAMESPACE', `The dashboard has no namespace "${name}".`);
  }

  /**
   * Connects at the first call, and again at the next one when that failed: a server that is away holds up its namespace alone.
   *
   * @param name one of `names`
   * @throws NestworkError
   */
  async get(name: string): Promise<Inspector> {
    if (!this.others && this.own) return this.own.inspector;
    const opening = this.opening.get(name) ?? this.open(name);
    this.opening.set(name, opening);
    return opening.catch((error: unknown) => {
      if (this.opening.get(name) === opening) this.opening.delete(name);
      throw error;
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled([...this.opening.values()].map(async (opening) => (await opening).close()));
  }

  private async open(name: string): Promise<Inspector> {
    if (this.isClosed) throw new Refused(503, 'CLOSING', 'The app is closing.');
    const onWarning = (warning: string): void => this.log.warn(`${name}: ${warning}`);
    return createInspector({ onWarning, ...this.others?.[name] });
  }
}
