import type { WorkerOrder } from '../../../src/broker/port/worker-port.js';
import { Orders } from '../../../src/supervisor/control/orders.js';

const SESSION = '4f1c-30000';
const QUIET = { session: SESSION, id: '1', action: 'quiet', pid: '', by: 'anna' };

let obeyed: WorkerOrder[];
let announced: string[];
let log: string[];
let refusal: string | undefined;
let session: string | undefined;
let orders: Orders;
beforeEach(() => {
  [obeyed, announced, log] = [[], [], []];
  refusal = undefined;
  session = SESSION;
  orders = new Orders({
    steered: {
      obey: (order) => {
        obeyed.push(order);
        return refusal;
      },
    },
    session: () => session,
    onObeyed: ({ id }) => announced.push(id),
    logger: { warn: (line: unknown) => void log.push(String(line)) },
  });
});

function receive(fields: Record<string, string | undefined>): void {
  const given = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  orders.receive({ id: '7-0', kind: 'order', fields: new Map(given) });
}

describe('an order', () => {
  it('is carried out once, logged with its author, and announced', () => {
    receive(QUIET);
    receive(QUIET);
    expect(obeyed).toEqual([{ id: '1', action: 'quiet', pid: undefined, by: 'anna' }]);
    expect(announced).toEqual(['1']);
    expect(log).toEqual(['anna has ordered: quiet.']);
  });

  it('for one child carries its pid', () => {
    receive({ ...QUIET, action: 'recycle', pid: '4711' });
    expect(obeyed).toMatchObject([{ action: 'recycle', pid: 4711 }]);
    expect(log).toEqual(['anna has ordered: recycle child 4711.']);
  });

  it('that is refused is logged with the reason, and not announced', () => {
    refusal = 'it is stopping';
    receive(QUIET);
    expect(announced).toEqual([]);
    expect(log[1]).toBe('Skipping the order to quiet: it is stopping.');
  });

  it('for another session, or while there is none, is ignored', () => {
    receive({ ...QUIET, session: 'other' });
    session = undefined;
    receive(QUIET);
    expect([obeyed, log]).toEqual([[], []]);
  });

  it.each([
    [{ session: undefined }, 'it names no worker'],
    [{ id: '' }, 'it has no id'],
    [{ by: undefined }, 'it does not say who gives it'],
    [{ action: 'dance\u001b[31m' }, 'this version cannot "dance\\x1b[31m"'],
    [{ pid: '-1' }, '"-1" is no pid'],
    [{ pid: '12345678901' }, '"12345678901" is no pid'],
  ])('with %j is skipped and named', (wrong, reason) => {
    receive({ ...QUIET, ...wrong });
    expect(obeyed).toEqual([]);
    expect(log).toEqual([`Skipping the order in entry 7-0 of the stream: ${reason}.`]);
  });
});
