import type { Rights } from '../rights.js';
import type { Redaction } from './redaction.js';

/** Decides which keys of limits a person sees. Keys are made of arguments, so the right to see those and the rules of `redact` count. */
export class LimitKeys {
  /** by limit: `can` is asked once for each */
  private readonly allowed = new Map<string, Promise<boolean>>();

  constructor(
    private readonly rights: Pick<Rights, 'may'>,
    private readonly redaction: Pick<Redaction, 'hidesKey'>,
  ) {}

  /** Whether the person may see keys of a limit at all. */
  mayShow(limit: string): Promise<boolean> {
    const known = this.allowed.get(limit) ?? this.rights.may('arguments', { limit });
    this.allowed.set(limit, known);
    return known;
  }

  /** Why a key is not shown; undefined where it is. */
  async hides(limit: string, key: string): Promise<string | undefined> {
    if (!(await this.mayShow(limit))) return 'The right "arguments" is missing.';
    return this.redaction.hidesKey(limit, key) ? 'The option redact hides it.' : undefined;
  }
}
