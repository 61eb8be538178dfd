import type { Contestant, Figure, Measured, Missing, Series } from './figure.js';
import { Stage } from './stage.js';

const ROUNDS = { full: 5, quick: 3 };

/**
 * Plays all rounds of a figure. The contestants take turns, A B C A B C, so that a machine that slows down in the
 * meantime slows down all of them. A contestant that fails drops out; the others go on.
 *
 * @param onRound gets every number as it comes
 */
export async function playRounds(
  figure: Figure,
  quick: boolean,
  onRound: (contestant: string, measured: Measured) => void,
): Promise<{ series: Series[]; missing: Missing[] }> {
  const contestants = figure.contestants.filter(({ fullOnly }) => !(quick && fullOnly));
  const rounds = (figure.rounds ?? ROUNDS)[quick ? 'quick' : 'full'];
  const measured = new Map<Contestant, Measured[]>(contestants.map((contestant) => [contestant, []]));
  const missing: Missing[] = [];
  const stage = await Stage.open(quick);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const [contestant, numbers] of measured) {
        try {
          await stage.clear();
          const result = await contestant.measure(stage);
          numbers.push(result);
          onRound(contestant.name, result);
        } catch (error) {
          missing.push({ contestant: contestant.name, why: error instanceof Error ? error.message : String(error) });
          measured.delete(contestant);
        }
      }
    }
  } finally {
    await stage.close();
  }
  const series = [...measured].flatMap(([contestant, numbers]) => seriesOf(contestant.name, numbers));
  return { series, missing };
}

function seriesOf(contestant: string, rounds: readonly Measured[]): Series[] {
  const [first] = rounds;
  if (typeof first !== 'object') return [{ contestant, values: rounds as number[] }];
  return Object.keys(first).map((measure) => ({
    contestant,
    measure,
    values: (rounds as Record<string, number>[]).map((round) => round[measure] ?? Number.NaN),
  }));
}
