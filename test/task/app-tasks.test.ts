import {
  type AppWorker,
  appTasks,
  contestantsOf,
  contestedQueues,
  decodeAppTasks,
  encodeAppTasks,
} from '../../src/task/app-tasks.js';

const QUEUES = ['default', 'bulk'];

/** A worker of an app with tasks such as `default/Mail.send`. */
function worker(name: string, tasks: readonly string[], queues: readonly string[] = QUEUES): AppWorker {
  const catalog = tasks.map((task) => {
    const [queue = '', method = ''] = task.split('/');
    return { name: method, queue };
  });
  return { queues, app: appTasks(name, queues, catalog) };
}

const SHOP = worker('shop', ['default/Mail.send', 'bulk/Mail.digest']);

it.each([
  ['that has none of its tasks', ['default/Post.publish', 'bulk/Post.index'], ['default', 'bulk']],
  ['that has one task more in one queue', ['default/Mail.send', 'bulk/Mail.digest', 'bulk/Post.index'], ['bulk']],
  ['that has one task less in one queue', ['bulk/Mail.digest'], ['default']],
  ['that has no tasks at all', [], ['default', 'bulk']],
  ['that shares its tasks', ['bulk/Mail.digest', 'default/Mail.send'], []],
  [
    'that has tasks of its own in a queue of its own',
    ['default/Mail.send', 'bulk/Mail.digest', 'blog/Post.publish'],
    [],
  ],
])('another app %s contests the queues in which the tasks differ', (_, tasks, queues) => {
  expect(contestedQueues(SHOP, worker('blog', tasks, [...QUEUES, 'blog']))).toEqual(queues);
  expect(contestedQueues(worker('blog', tasks, [...QUEUES, 'blog']), SHOP)).toEqual(queues);
});

it('the tasks of a worker contest nothing with a worker of the same app, of an app without a name, or of other queues', () => {
  expect(contestedQueues(SHOP, worker('shop', ['default/Post.publish']))).toEqual([]);
  expect(contestedQueues(SHOP, { queues: QUEUES, app: undefined })).toEqual([]);
  expect(contestedQueues({ queues: QUEUES, app: undefined }, SHOP)).toEqual([]);
  expect(contestedQueues(SHOP, worker('blog', ['blog/Post.publish'], ['blog']))).toEqual([]);
});

it('neither the order of the tasks nor a queue that is not served makes a difference', () => {
  const tasks = ['default/A.one', 'default/A.two', 'elsewhere/A.three'];
  expect(worker('shop', tasks).app).toEqual(worker('shop', [...tasks].reverse().slice(1)).app);
});

it('the contestants of a queue are all apps that serve it, if any two differ', () => {
  const blog = worker('blog', ['default/Post.publish', 'bulk/Mail.digest']);
  const workers = [SHOP, blog, SHOP, worker('shop', []), worker('wiki', [], ['other'])];
  expect(contestantsOf('default', workers)).toEqual(['blog', 'shop']);
  expect(contestantsOf('bulk', [SHOP, blog])).toEqual([]);
  expect(contestantsOf('default', [SHOP, worker('shop', [])])).toEqual([]);
  expect(contestantsOf('default', [SHOP, { queues: QUEUES, app: undefined }])).toEqual([]);
});

it('the tasks of an app are equal after a round trip through the session, for any names', () => {
  for (const name of ['shop', '@acme/shop', 'my "app" \u2028 \ud800']) {
    const app = appTasks(name, ['__proto__', 'default'], [{ name: 'constructor', queue: '__proto__' }]);
    expect(app.digests.size).toBe(1);
    expect(decodeAppTasks(encodeAppTasks(app))).toEqual(app);
  }
});

it.each([
  null,
  undefined,
  '',
  'shop',
  'null',
  '7',
  '[]',
  '{}',
  '{"name":7,"tasks":{}}',
  '{"name":"shop"}',
  '{"name":"shop","tasks":null}',
  '{"name":"shop","tasks":{"default":7}}',
])('the tasks of an app are unknown when the session holds %j', (json) => {
  expect(decodeAppTasks(json)).toBeUndefined();
});
