import { type Delivered, type Delivery, Mailbox } from '../../../src/supervisor/broadcasts/mailbox.js';
import { KEPT_BROADCASTS } from '../../../src/task/broadcast.js';

let sent: string[];
let ended: [string, Delivered][];
let mailbox: Mailbox;
beforeEach(() => {
  [sent, ended] = [[], []];
  mailbox = new Mailbox(({ id }) => sent.push(id));
});

function delivery(id: string): Delivery {
  return { id, message: '', ended: (delivered) => ended.push([id, delivered]) };
}

it('a mailbox keeps broadcasts until the child has booted, and then delivers them one at a time, in order', () => {
  for (const id of ['1', '2', '3']) mailbox.add(delivery(id));
  expect(sent).toEqual([]);
  mailbox.open();
  expect(sent).toEqual(['1']);
  mailbox.ended('1', '', 5);
  expect(sent).toEqual(['1', '2']);
  expect(mailbox.size).toBe(2);
  mailbox.ended('2', 'Error: no', 6);
  mailbox.ended('3', '', 7);
  expect(mailbox.size).toBe(0);
  expect(ended).toEqual([
    ['1', { error: '', durationMs: 5, fate: 'ended' }],
    ['2', { error: 'Error: no', durationMs: 6, fate: 'ended' }],
    ['3', { error: '', durationMs: 7, fate: 'ended' }],
  ]);
});

it('a mailbox ignores reports of broadcasts that it has not delivered', () => {
  mailbox.open();
  mailbox.add(delivery('1'));
  mailbox.ended('2', '', 0);
  mailbox.ended('1', '', 0);
  mailbox.ended('1', '', 0);
  expect(ended.map(([id]) => id)).toEqual(['1']);
});

it('a mailbox ends every delivery once when the process is gone, and later ones at once', () => {
  mailbox.open();
  for (const id of ['1', '2']) mailbox.add(delivery(id));
  mailbox.close('SIGKILL');
  mailbox.add(delivery('3'));
  mailbox.ended('1', '', 0);
  expect(sent).toEqual(['1']);
  expect(ended.map(([id, { fate, error }]) => [id, fate, error])).toEqual([
    ['1', 'died', 'Its process ended (SIGKILL) before it had finished.'],
    ['2', 'dropped', 'Its process ended (SIGKILL) before its turn.'],
    ['3', 'dropped', 'Its process ended (SIGKILL) before its turn.'],
  ]);
});

it('a mailbox drops its oldest broadcast when a child blocks for too long', () => {
  mailbox.open();
  for (let id = 0; id <= KEPT_BROADCASTS + 1; id += 1) mailbox.add(delivery(String(id)));
  expect(ended).toEqual([['1', expect.objectContaining({ fate: 'dropped' })]]);
  mailbox.ended('0', '', 0);
  expect(sent).toEqual(['0', '2']);
});
