import { zoneWords } from '../../../inspector/cron-words.js';
import { optionalTextIn } from '../../http/input.js';
import type { Call } from '../../http/route.js';
import type { SetCronLine, SetCronsPage } from './wire.js';
import { scheduleWords } from './words.js';

/** More are a page of their own: there may be a million. */
const PAGE = 50;
/** For how long all who look get the same page, in ms. */
const KEPT_MS = 4_000;

/** A page of the crons that were set at run time, by name, and how many there are of them. */
export async function readSetCrons({ inspector: { crons }, live, query }: Call): Promise<SetCronsPage> {
  const [prefix = '', after = ''] = ['prefix', 'after'].map((name) => optionalTextIn(query, name));
  return live.shared.read(
    ['set crons', prefix, after],
    async () => {
      const total = await crons.count();
      const found = total === 0 ? [] : await crons.list({ set: true, prefix, after, count: PAGE + 1 });
      const lines = found.slice(0, PAGE).map((cron): SetCronLine => {
        // what JSON makes of its dates
        return { cron: cron as unknown as SetCronLine['cron'], words: scheduleWords(cron), zone: zoneWords(cron) };
      });
      return { total, lines, more: found.length > PAGE };
    },
    KEPT_MS,
  );
}
