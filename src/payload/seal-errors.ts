import { NestworkError } from '../errors.js';

/** @param owner what is sealed: `task 5f1c...`, `the result of task 5f1c...` */
export function keyless(owner: string, keyId: string): NestworkError {
  return new NestworkError(
    'PAYLOAD_SEALED',
    `The data of ${owner} is sealed with the key "${keyId}", which this process does not have.`,
    [
      'Give it that key as one of `payload.encrypt.keys`: a key that has sealed anything that is still in Redis must stay in the list.',
      'A dead task can be sent again once a worker has the key.',
    ],
  );
}

export function altered(owner: string): NestworkError {
  return new NestworkError(
    'PAYLOAD_ALTERED',
    `The seal of ${owner} is broken: it was cut, altered, or made for something else.`,
    'Find out what else writes to these keys. What is there cannot be opened any more; send the task again from its source.',
  );
}

/** @param what cannot be done: `Task "ReportTasks.send" cannot be sent` */
export function keysNeeded(what: string): NestworkError {
  return new NestworkError(
    'PAYLOAD_KEYS_NEEDED',
    `${what}: its workers want its data sealed, and this process has no keys.`,
    'Give it the keys of those workers: TaskQueueModule.forRoot({ payload: { encrypt: { keys: [...] } } }), `createInspector({ payload })`, or NESTWORK_PAYLOAD_KEYS for the command line.',
  );
}
