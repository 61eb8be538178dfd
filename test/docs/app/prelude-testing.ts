/** The names that `<!-- prelude: testing -->` puts in the place of the prelude of every fragment, or adds to it. */
import 'nestwork/testing/jest';
import type { TestQueue } from 'nestwork/testing';

export declare const queue: TestQueue;
export declare const sentMails: readonly string[];
