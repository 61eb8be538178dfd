/**
 * What a run should have gone through: a random test proves nothing about what it never met.
 *
 * The model notes each as it happens; the test fails when one never did.
 */
export const SITUATIONS = [
  'enqueued again: nothing added',
  'enqueued again in part: the rest added',
  'claim of a child that is not registered',
  'claim repeated: all that is held',
  'claim older than the last',
  'claim acked what is held',
  'claim acked what is not held',
  'claim of foreign bytes',
  'claim over several queues',
  'claim left work behind',
  'suspect handed out alone',
  'suspect waits for a child that holds nothing',
  'suspect passed over: another child drains',
  'ack of what somebody else holds',
  'burial',
  'burial of what is not held',
  'release',
  'release of a suspect',
  'release by an outdated claim number',
  'release refused before any write',
  'child registered twice',
  'child registered in a session that is gone',
  'renewal of an overdue session',
  'renewal of a session that is gone',
  'session closed',
  'session not closed: a child is registered',
  'settled without blame',
  'settled: a crash',
  'settled: several suspected',
  'settled: dead at the third crash',
  'settled: a lost ack made good',
  'settlement refused before any write',
  'settlement of a child that is not registered',
  'overdue sessions found',
  'gap forgiven',
  'silence too short to be forgiven',
  'reaped with claims',
  'reap of a session that is not overdue',
  'reap of a session that is gone',
  'reap refused before any write',
] as const;

export type Situation = (typeof SITUATIONS)[number];
