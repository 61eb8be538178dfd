import Sequencer from '@jest/test-sequencer';

/** Lets Jest run the files that are most likely to fail first: those of NESTWORK_LIKELY_TESTS, in its order. */
export default class LikelyFirst extends Sequencer {
  sort(tests) {
    const likely = process.env.NESTWORK_LIKELY_TESTS.split(',');
    const rank = ({ path }) => {
      const index = likely.findIndex((file) => path.endsWith(`/${file}`));
      return index < 0 ? likely.length : index;
    };
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
}
