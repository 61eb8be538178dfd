import { createInspector, type InspectorOptions } from '../inspector/create-inspector.js';
import type { Inspector } from '../inspector/inspector.js';
import { Refused } from './http/refused.js';

/** The namespaces of a dashboard: that of the app, or those that it names, each with an inspector of its own. */
export class Namespaces {
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
   * Connects at the first call, and again at the next one when that failed: a server that is away holds up its namespace alone.
   *
   * @throws Refused NestworkError
   */
  async get(name: string): Promise<Inspector> {
    if (!this.others && this.own?.name === name) return this.own.inspector;
    const options = this.others && Object.hasOwn(this.others, name) ? this.others[name] : undefined;
    if (!options) {
      throw new Refused(404, 'UNKNOWN_NAMESPACE', `The dashboard has no namespace "${name}".`, [
        `There are: ${this.names.join(', ')}.`,
      ]);
    }
    const opening = this.opening.get(name) ?? createInspector(options);
    this.opening.set(name, opening);
    return opening.catch((error: unknown) => {
      if (this.opening.get(name) === opening) this.opening.delete(name);
      throw error;
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.opening.values()].map(async (opening) => (await opening).close()));
  }
}
