import type { DashboardAction } from '../rights.js';
import { type ApiError, denials, fetched, known } from './api.js';
import { place } from './router.js';
import { Cell, useCell } from './store.js';

export type { DashboardAction };

export type RightsOf = Readonly<Record<DashboardAction, boolean>>;

interface Answer extends Pick<Session, 'by' | 'denials'> {
  readonly namespaces: readonly { readonly name: string; readonly rights: RightsOf }[];
}

export interface Session {
  /** the name of the person; undefined where nobody has one */
  readonly by?: string | undefined;
  /** why something may not be done, by the right that is missing */
  readonly denials: Readonly<Record<DashboardAction, string>>;
  /** all that this dashboard shows, by name */
  readonly namespaces: readonly string[];
  /** the one that is shown */
  readonly namespace: string;
  /** what the person may do there at all */
  readonly rights: RightsOf;
}

const answer = new Cell<Answer | undefined>(undefined);
export const sessionError = new Cell<ApiError | undefined>(undefined);

/** Asks who looks and what is allowed, now and after each denial. */
export function followSession(): void {
  let isAsking = false;
  const ask = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      const next = await fetched<Answer>('session');
      sessionError.set(undefined);
      if (JSON.stringify(next) !== JSON.stringify(answer.value)) answer.set(next);
    } catch (error) {
      sessionError.set(known(error));
    }
    isAsking = false;
  };
  denials.follow(() => void ask());
  again = () => void ask();
  void ask();
}

let again = (): void => {};

/** Asks once more who looks. */
export function askSession(): void {
  again();
}

/** Who looks; undefined until that is known. */
export function useKnownSession(): Session | undefined {
  const known = useCell(answer);
  const { namespace } = useCell(place);
  if (!known) return undefined;
  const { namespaces } = known;
  const shown = namespaces.find(({ name }) => name === namespace) ?? namespaces[0];
  const rights = shown?.rights ?? ({} as RightsOf);
  return { ...known, namespaces: namespaces.map(({ name }) => name), namespace: shown?.name ?? '', rights };
}

/** Who looks. The views are drawn only once that is known. */
export function useSession(): Session {
  const session = useKnownSession();
  if (!session) throw new Error('The session is not known yet.');
  return session;
}
