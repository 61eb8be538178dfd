import { Logger } from '@nestjs/common';
import { printable } from '../../values/printable.js';
import type { DashboardRequest, DashboardSettings } from '../options.js';
import { Rights } from '../rights.js';

const FIELDS = ['username', 'email', 'name', 'id', 'sub'];
/** As the record of actions takes it. */
const MOST_CHARACTERS = 256;
/** Of somebody without a name. */
export const NOBODY = 'dashboard';

/** Who is behind a request, and what they may do. */
export class People {
  private readonly log = new Logger('QueueDashboard');

  /** @param isPublic whether nobody but `can` decides over actions */
  constructor(
    private readonly settings: Pick<DashboardSettings, 'can' | 'user'>,
    private readonly isPublic: boolean,
  ) {}

  /** An error of `user` is one of the app: an action under a wrong name would be worse than none. */
  async nameOf(request: DashboardRequest): Promise<string> {
    const { user } = this.settings;
    return nameOfUser(user ? await user(request) : (request as { user?: unknown }).user);
  }

  rightsOf(request: DashboardRequest, namespace: string): Rights {
    const { can } = this.settings;
    if (!can) return new Rights(namespace, (action) => !this.isPublic || action === 'view', false);
    return new Rights(namespace, async (action, subject) => {
      try {
        return await can(action, subject, request);
      } catch (error) {
        const text = printable(error instanceof Error ? (error.stack ?? error.message) : String(error));
        this.log.error(`The function \`can\` of the dashboard failed, so "${action}" is refused: ${text}`);
        return false;
      }
    });
  }
}

/** The name for the record of actions, from a name or from the user that an authentication put into the request. */
export function nameOfUser(user: unknown): string {
  const name =
    typeof user === 'object' && user !== null ? FIELDS.map((field) => read(user, field)).find(Boolean) : user;
  const text = typeof name === 'string' || typeof name === 'number' ? printable(String(name)).trim() : '';
  return text.slice(0, MOST_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '') || NOBODY;
}

function read(user: object, field: string): unknown {
  const value = (user as Record<string, unknown>)[field];
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
