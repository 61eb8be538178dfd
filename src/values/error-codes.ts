/**
 * Every code of a `NestworkError`, with the situation in which one meets it.
 *
 * The text of each code is its entry in [errors](../../docs/errors.md): an example of the message, the meaning and the remedy.
 *
 * @example
 * const meaning: keyof ErrorCodes = 'REDIS_TIMEOUT';
 */
export interface ErrorCodes {
  /**
   * > A worker was started in a process of PM2's cluster mode ...
   *
   * **Remedy:** In PM2, use `exec_mode: 'fork'` and one instance; `children` sets the number of processes. See [PM2](../../docs/workers.md#pm2-and-nodecluster).
   */
  CLUSTER_WORKER: 'start';

  /**
   * > QueueDashboardModule.forRoot() got neither `guards` nor `access`. Everybody who reaches the app could act on its tasks.
   *
   * The dashboard is closed by default, whatever `NODE_ENV` is.
   *
   * **Remedy:** Give `guards`, or `access: 'app'` if a global guard of the app covers the dashboard, or `access: 'public'`.
   */
  DASHBOARD_OPEN: 'start';

  /**
   * > @Cron() on DigestTasks.digest has no effect: something replaced the method afterwards ...
   *
   * A decorator above one of nestwork's or of `@UseGuards()` and the like replaced the method, for example `@CreateRequestContext()` of MikroORM. A spy on the prototype does the same.
   *
   * **Remedy:** Write the named decorator [above all others](../../docs/tasks.md#the-order-of-decorators).
   */
  DECORATOR_LOST: 'start';

  /**
   * > Two crons are named "reports.eu": on ReportTasks.send in AppModule and on MailTasks.digest in MailModule.
   *
   * **Remedy:** Give one of them another name: `@Cron(cronTime, { name })`.
   */
  DUPLICATE_CRON: 'start';

  /**
   * > TaskQueueModule is imported 2 times, each time with options of its own: in AppModule, BillingModule.
   *
   * **Remedy:** Import it once, in the root module. Its exports are injectable in every module.
   */
  DUPLICATE_MODULE: 'start';

  /**
   * > Two tasks are named "ReportTasks.send": MailTasks.deliver in RootModule and ReportTasks.send in AppModule.
   *
   * **Remedy:** Name one of them: `@Task({ name })`, `@Cron(cronTime, { name })`. Provide each class in one module only; for a second token use `useExisting`.
   */
  DUPLICATE_TASK: 'start';

  /**
   * > Nest made no OfficeHours for MailTasks.send in MailModule.
   *
   * Nest does not create the class of this guard, interceptor, pipe or filter, for example because a factory provides the task class.
   *
   * **Remedy:** Provide the task class as a class, or give an instance: `@UseGuards(new OfficeHours())`.
   */
  ENHANCER_UNRESOLVED: 'start';

  /**
   * > The key {nestwork}:format holds "a list", not nestwork/1.
   *
   * Another program, or a version with another format, uses the namespace.
   *
   * **Remedy:** Set another `namespace`, or let workers of the other version drain its queues first.
   */
  FOREIGN_KEYS: 'start';

  /**
   * > The cron time "0 8,25 * * *" of @Cron() on DigestTasks.digest in RootModule is not valid: 25 is no hour (0-23).
   *
   * The expression or the time zone is not valid, or the cron never comes due.
   *
   * **Remedy:** Correct it: see [crons](../../docs/scheduling-and-cron.md#crons).
   */
  INVALID_CRON: 'start';

  /**
   * > shutdownGrace is '30 seconds', which is not a valid duration.
   *
   * **Remedy:** Give milliseconds, or a number with a unit: `500`, `'500ms'`, `'30s'`, `'1.5h'`, `'2d'`.
   */
  INVALID_DURATION: 'start';

  /**
   * > 'my queue' is not a valid queue name.
   *
   * **Remedy:** Use 1 to 100 characters of `A-Za-z0-9_.-` for a queue or namespace, 1 to 200 of these, `:` and `$` for a task. If a minifier renames classes, set `@Task({ name })`.
   */
  INVALID_NAME: 'start';

  /**
   * > The option `lease` is 5 ms.
   *
   * An option has an invalid value or an unknown name.
   *
   * **Remedy:** Use a value or name that the message lists. Retries and timeouts of all tasks belong into `defaults`: `forRoot({ defaults: { retries: 3 } })`.
   */
  INVALID_OPTION: 'start';

  /**
   * > A lazily loaded module provides the task PdfTasks.render.
   *
   * Tasks and hooks must exist when a worker starts.
   *
   * **Remedy:** Import the module as usual, and let its tasks [load heavy code](../../docs/nest.md#lazily-loaded-modules) when they run.
   */
  LAZY_TASKS: 'start';

  /**
   * > Nest injects undefined as arguments 0, 1 of the constructor of ReportTasks in AppModule ...
   *
   * The compiler did not write the types of the constructor's parameters.
   *
   * **Remedy:** Compile with `tsc`, SWC or the Nest CLI, and `"emitDecoratorMetadata": true`. With esbuild, tsx or Vite before 8, name each dependency: `@Inject(StatsService)`.
   */
  METADATA_MISSING: 'start';

  /**
   * > The dashboard needs an HTTP platform of Nest, and /home/anna has neither @nestjs/platform-express nor @nestjs/platform-fastify.
   *
   * `npx nestwork dashboard` serves the [dashboard](../../docs/dashboard.md#without-an-app) with the platform of the project around the working directory.
   *
   * **Remedy:** Run it in the directory of an app that has one, or `npm install @nestjs/platform-express`.
   */
  NO_HTTP_PLATFORM: 'start';

  /**
   * > A worker keeps 9616 bytes for each child in a file, and can make none in /dev/shm (ENOSPC) ...
   *
   * A worker cannot start without this file; a running worker tries again.
   *
   * **Remedy:** Make room in one of the directories, make it writable, or name another with `TMPDIR`. For `EMFILE` and `ENFILE`, raise `ulimit -n`.
   */
  NO_SCOREBOARD: 'start';

  /**
   * > Redis at 127.0.0.1:6379 is a node of a Redis Cluster.
   *
   * All keys of a namespace must be on one server.
   *
   * **Remedy:** Use a server without `cluster-enabled yes`; for high availability use [Sentinel](../../docs/guarantees.md#with-sentinel).
   */
  REDIS_IS_CLUSTER: 'start';

  /**
   * > Redis 6.2.14 is too old: nestwork needs the script flags of Redis 7.
   *
   * **Remedy:** Upgrade to Redis 7, or use Valkey.
   */
  REDIS_TOO_OLD: 'start';

  /**
   * > The @TaskHooks() provider TaskMetrics injects Tenant, which is request-scoped; but hooks live as long as the worker.
   *
   * Hooks are not singletons, or inject a request-scoped provider. As the error of a task: Nest could not create its request-scoped class.
   *
   * **Remedy:** Make hooks singletons. For a task read the `cause`: `REQUEST` injects the `TaskInfo`, not an HTTP request.
   */
  SCOPE_UNRESOLVED: 'start';

  /**
   * > This app has 2 copies of nestwork: 0.1.0 in /app/node_modules/nestwork, 0.1.1 in /app/libs/mail/node_modules/nestwork ...
   *
   * npm installed two versions, or a library brought its own; Nest cannot inject across copies.
   *
   * **Remedy:** Run `npm ls nestwork`, then `npm dedupe`. In a library make nestwork a peer dependency. If one folder appears twice, once `as CommonJS`, see [tsx](../../docs/setup.md#tsx-and-ts-node).
   */
  TWO_COPIES: 'start';

  /**
   * > Queue "bulk", named by @Task() on ReportTasks.send in AppModule, is not declared.
   *
   * **Remedy:** Add it to the `queues` of `TaskQueueModule`, or use a queue that the message lists.
   */
  UNKNOWN_QUEUE: 'start';

  /**
   * > Batch k3v9x0q2m70000000001 was abandoned while it was filled: for five minutes Redis got nothing for it.
   *
   * The tasks that were added go on, and `onFailed` was sent.
   *
   * **Remedy:** Find out why the process was stuck or away from Redis. See [batches](../../docs/results-and-flows.md#batches).
   */
  BATCH_ABANDONED: 'send';

  /**
   * > The batch k3v9x0q2m70000000001 has ended, or was cancelled: it takes no more tasks.
   *
   * **Remedy:** Make another one. A batch that ends while a task of it still adds was cancelled, or its deadline passed. See [batches](../../docs/results-and-flows.md#batches).
   */
  GROUP_ENDED: 'send';

  /**
   * > No flow k3v9x0q2m70000000001 is known.
   *
   * A day after its end nothing is kept of a batch or flow.
   *
   * **Remedy:** Check the id and the namespace of the app.
   */
  GROUP_UNKNOWN: 'send';

  /**
   * > FlowTasks.merge (node 3 of the flow), args[0][1]: the Ref belongs to another flow.
   *
   * The path names the task and its argument. Nothing was sent.
   *
   * **Remedy:** As the message says. See [flows](../../docs/results-and-flows.md#flows).
   */
  INVALID_FLOW: 'send';

  /**
   * > The key of this call of task "ReportTasks.send" is taken by task k3v9x0q2m7ab00000001.
   *
   * The call has `onConflict: 'reject'`.
   *
   * **Remedy:** Wait for that task, or use `'drop'` or `'replace'`. See [unique tasks](../../docs/sending.md#unique-tasks).
   */
  DUPLICATE_KEY: 'send';

  /**
   * > Redis did not confirm in time that task k3v9x0q2m7ab00000001 was enqueued; it may or may not be.
   *
   * The command was sent, but no answer came.
   *
   * **Remedy:** [Repeat the call](../../docs/sending.md#repeating-a-call) with the same id within ten minutes, `with({ id: error.taskIds[0] })`. The task is added at most once.
   */
  ENQUEUE_UNCONFIRMED: 'send';

  /**
   * > Header "user" of with({ headers }) on task "ReportTasks.send" is not a string.
   *
   * A header is no string or has an invalid name, all headers take more than 8 KiB, or they are no plain object.
   *
   * **Remedy:** Give strings by name; `Object.fromEntries(headers)` converts a `Map` or `Headers`. See [headers](../../docs/lifecycle.md#headers).
   */
  INVALID_HEADERS: 'send';

  /**
   * > limits[0].key of @Task() on InvoiceTasks.charge is undefined, and no string.
   *
   * A `key` or `fair` function threw (its error is the `cause`), or it returned no string of 1 to 1,000 characters. Or `with({ limitKeys })` or `fairKey` has no such string. Nothing was sent.
   *
   * **Remedy:** Return a short string for every call, such as the id of a customer.
   */
  INVALID_LIMIT_KEY: 'send';

  /**
   * > Argument 0 of task "CalendarTasks.remind" is invalid: at: Invalid ISO datetime.
   *
   * An argument does not match the schema or class of its parameter; `problems` lists the faults. In a worker the task is dead at once.
   *
   * **Remedy:** Correct the argument. Before senders use a new form, deploy workers that accept both. See [payloads](../../docs/nest.md#payloads).
   */
  INVALID_PAYLOAD: 'send';

  /**
   * > '42' is not a task id.
   *
   * **Remedy:** Pass the id of a handle or error unchanged: 20 characters of `0-9` and `a-z`.
   */
  INVALID_TASK_ID: 'send';

  /**
   * > A call of task "InvoiceTasks.charge" has no key, and the limit "stripe" has keys: nothing was sent.
   *
   * The task was sent by its name, or is a callback of a batch: no function of its decorator can compute the key.
   *
   * **Remedy:** Give the key with the call: `with({ limitKeys: { stripe: 'acme' } })`, and `fairKey` for a task that takes turns by tenant. Or send it by its class.
   */
  LIMIT_KEY_NEEDED: 'send';

  /**
   * > Task "InvoiceTasks.charge" could not start now: the limit "stripe" is full for the key "acme". Nothing was sent.
   *
   * The limit has `onLimit: 'reject'`; or it has `'drop'`, and `run()` would have waited for nothing.
   *
   * **Remedy:** Call again later, or let the task wait: `onLimit: 'wait'`.
   */
  LIMIT_REACHED: 'send';

  /**
   * > Class StatsService has no method with @Task(), @Cron(), @Interval() or @Broadcast().
   *
   * The method or its override has no decorator, its name is misspelt, a test mocks the file, two files import each other, or a broadcast was sent to a queue.
   *
   * **Remedy:** Decorate the method and each override. If [two files import each other](../../docs/sending.md#files-that-import-each-other), send by the name of the class. Send a broadcast without a queue.
   */
  NOT_A_TASK: 'send';

  /**
   * > Task "ReportTasks.send" cannot be sent: its workers want its data sealed, and this process has no keys.
   *
   * The decorator of the task has `encrypt: true`, or the catalog says that its workers seal its data. An app that has the task and no keys does not start.
   *
   * **Remedy:** Give this process the keys of those workers: `payload: { encrypt: { keys } }`, or `NESTWORK_PAYLOAD_KEYS` for the command line. See [sealed payloads](../../docs/sealed-payloads.md).
   */
  PAYLOAD_KEYS_NEEDED: 'send';

  /**
   * > Task "ReportTasks.send": args[0].children[0].children[0] nests deeper than 64 levels.
   *
   * **Remedy:** Pass flatter data, or an id. Look for a cycle.
   */
  PAYLOAD_TOO_DEEP: 'send';

  /**
   * > Task "ReportTasks.send": args takes 314573 bytes; the limit is 262144 bytes (256 KiB) ...
   *
   * **Remedy:** Store the data elsewhere and pass a reference to it.
   */
  PAYLOAD_TOO_LARGE: 'send';

  /**
   * > `propagate` of TaskQueueModule threw, so nothing was sent: TypeError: no request here.
   *
   * **Remedy:** Return `undefined` if there is nothing to pass on: each call runs the function, also outside of requests and tasks.
   */
  PROPAGATE_FAILED: 'send';

  /**
   * > No module of this app provides the task class ReportTasks.
   *
   * The workers of this app could not run the task. At the start: a task decorator is in a controller, or in an enhancer that is no provider.
   *
   * **Remedy:** Add the class to the `providers` of an imported module; move tasks out of controllers. If another app runs the task, send it by name: `queue.task('ReportTasks.send')`. For tests see [a part of the app](../../docs/testing.md#which-test-for-what).
   */
  TASK_CLASS_NOT_PROVIDED: 'send';

  /**
   * > queue.afterCommit() has run its function, but not sent 2 tasks: k3v9x0q2m70000000001, k3v9x0q2m70000000002. The `cause` says why.
   *
   * The transaction is committed. The first of the tasks may be in Redis, if its outcome is unknown.
   *
   * **Remedy:** Send the tasks by themselves. With an [outbox](../../docs/outbox.md), they cannot be lost.
   */
  AFTER_COMMIT_UNSENT: 'send';

  /**
   * > queue.in() got no transaction in which a task could be sent: it is over. Nothing was sent.
   *
   * It is over or was rolled back, belongs to another database, or is a connection or an entity manager outside of a transaction.
   *
   * **Remedy:** Give what the library hands to the function of a transaction, and await all that is sent before that function returns. See [outbox](../../docs/outbox.md).
   */
  OUTBOX_NO_TRANSACTION: 'send';

  /**
   * > This app has no outbox, so it cannot send within a transaction.
   *
   * **Remedy:** Give `TaskQueueModule` the option [`outbox`](../../docs/outbox.md).
   */
  OUTBOX_NOT_CONFIGURED: 'send';

  /**
   * > The database has no table nestwork_outbox, from which the outbox sends.
   *
   * **Remedy:** Put what `npx nestwork outbox sql` prints into a migration. A table of another name or schema is named by the option `outbox.table`.
   */
  OUTBOX_TABLE_MISSING: 'send';

  /**
   * > The table nestwork_outbox does not say which form it has; the outbox needs the form 1.
   *
   * The table is one of an earlier or a later version, or was made by other means.
   *
   * **Remedy:** Migrate it to what `npx nestwork outbox sql` prints, its comment included. If it has a higher form, update nestwork in this app.
   */
  OUTBOX_TABLE_OLD: 'send';

  /**
   * > run() within a transaction would wait for a task that is sent after the commit. Nothing was sent.
   *
   * What depends on Redis has no answer before the commit: `run()`, the result of a task, `onConflict: 'reject'`, `onLimit: 'drop'` and `'reject'`, batches and flows.
   *
   * **Remedy:** Follow the recipe of the message: most of it goes after the commit. See [outbox](../../docs/outbox.md#what-does-not-go).
   */
  OUTBOX_UNSUPPORTED: 'send';

  /**
   * > No wrapper called next(), so task "ReportTasks.send" was not sent.
   *
   * A `next()` after the end of `wrapSend` rejects with this code, too.
   *
   * **Remedy:** Await `next()` once in each `wrapSend`. To refuse a call, throw.
   */
  TASK_NOT_SENT: 'send';

  /**
   * > Task "ReportTasks.send": args[1].photo cannot be sent to a worker: it is an instance of class User.
   *
   * The argument would not arrive [as it is](../../docs/tasks.md#arguments). The stack begins at your call.
   *
   * **Remedy:** Pass an id and let the task load the rest, or plain data: `{ ...dto }`, `await` of a promise. The body that a `ValidationPipe` transforms is an instance, too. See [payloads](../../docs/nest.md#payloads).
   */
  UNSERIALIZABLE_ARGUMENT: 'send';

  /**
   * > Task k3v9x0q2m70000000001 has the tag "x", which the worker on worker-1 with process 4711 cannot read. Nothing was sent.
   *
   * A live worker of the namespace lacks a feature that the call needs.
   *
   * **Remedy:** Deploy workers before senders, and stop the older ones. A worker that has stopped counts until its lease ends.
   */
  WORKERS_TOO_OLD: 'send';

  /**
   * > Nothing is known of task k3v9x0q2m70000000001, nor of its result.
   *
   * The result is kept no longer, the task kept none and has ended, or there never was one with this id in this namespace.
   *
   * **Remedy:** Keep results for longer: `@Task({ result: '1d' })`. Check the id. See [results](../../docs/results-and-flows.md).
   */
  RESULT_EXPIRED: 'send';

  /**
   * > Task k3v9x0q2m70000000001 keeps no result.
   *
   * **Remedy:** Ask for it when the task is declared or sent: `@Task({ result: '1h' })`, `.with({ result: '1h' })`, or send and wait with `run()`.
   */
  RESULT_NOT_KEPT: 'send';

  /**
   * > Task k3v9x0q2m70000000001 had not ended after 30000 ms.
   *
   * The task goes on, and its result can be awaited again.
   *
   * **Remedy:** Wait for longer, with `timeout`. `nestwork tasks explain` with its id gives the reason why it waits.
   */
  RESULT_TIMEOUT: 'send';

  /**
   * > Task k3v9x0q2m70000000001 is done, and its result is lost: result takes 314573 bytes; the limit is 262144 bytes (256 KiB) ...
   *
   * **Remedy:** Store the data elsewhere and return a reference to it.
   */
  RESULT_TOO_LARGE: 'send';

  /**
   * > Task k3v9x0q2m70000000001 was dropped: Error: no such user
   *
   * The task that was awaited ended without a result: it threw `DropTask`, or an error of its `dropOn`.
   *
   * **Remedy:** Handle it where the task is awaited: `error.code === 'TASK_DROPPED'`.
   */
  TASK_DROPPED: 'send';

  /**
   * > Task k3v9x0q2m70000000001 is done, and its result is lost: result[0].user cannot be sent to a worker: it is an instance of class User.
   *
   * A result travels [as arguments do](../../docs/tasks.md#arguments).
   *
   * **Remedy:** Return plain data.
   */
  UNSERIALIZABLE_RESULT: 'send';

  /**
   * > Redis is full and refused the task; nothing was added.
   *
   * Redis has reached its `maxmemory`; workers still drain the queues.
   *
   * **Remedy:** Start more workers, or raise `maxmemory`. Keep `maxmemory-policy noeviction`.
   */
  REDIS_OUT_OF_MEMORY: 'redis';

  /**
   * > The Redis user at 127.0.0.1:6379 may not run the script pause-queue, nothing was changed: NOPERM ...
   *
   * The user that the app, the worker or the command line connects as lacks a right. The message lists the rights that the script needs. A child that may not record the end of a task claims nothing until it may.
   *
   * **Remedy:** Give the user [these rights](../../docs/redis-keys.md#least-rights), or connect as an operator where a viewer may not act.
   */
  REDIS_FORBIDDEN: 'redis';

  /**
   * > Redis at 127.0.0.1:6379 refused a command, nothing was changed: MISCONF ...
   *
   * Redis answered with an error: mostly a key holds foreign data, or it cannot save to disk (`MISCONF`). A child that cannot record the end of a task claims nothing until Redis accepts it.
   *
   * **Remedy:** See the `cause`. Delete or rename a key that nestwork has not written.
   */
  REDIS_REFUSED: 'redis';

  /**
   * > Redis at 127.0.0.1:6379 did not answer within 5000 ms, or the connection was closed (Command timed out).
   *
   * Redis may have executed the command, which was not the sending of a task.
   *
   * **Remedy:** Call again: such calls can be repeated. If it happens often, Redis is overloaded, or needs a longer `commandTimeout`.
   */
  REDIS_TIMEOUT: 'redis';

  /**
   * > Redis at 127.0.0.1:6379 did not answer within 5000 ms: no server listens there (connect ECONNREFUSED 127.0.0.1:6379).
   *
   * There was no connection, the app has closed it, or the server is a replica. Nothing was changed. The message quotes the server:
   *
   * | message | reason |
   * | --- | --- |
   * | `refuses the connection: WRONGPASS ...`, `NOAUTH ...` | user name or password is wrong or missing |
   * | `refuses database 3: ERR DB index is out of range` | the server has fewer databases; with `NOPERM` the user lacks `+select` |
   * | `has served nobody for 5000 ms: BUSY ...` | a script has run for all that time |
   * | `has served nobody for 5000 ms: LOADING ...` | the server reads its data |
   *
   * **Remedy:** Check that the server runs at that address, with or without TLS as `redis` says (default: `127.0.0.1:6379`). Then repeat the call.
   */
  REDIS_UNAVAILABLE: 'redis';

  /**
   * > context.flow was read in a task that is in no flow.
   *
   * **Remedy:** Ask `context.group` first, or send the task with `queue.flow()` or `queue.batch()`.
   */
  NOT_IN_GROUP: 'run';

  /**
   * > "CacheTasks.forget" was sent as a broadcast, but CacheTasks.forget in AppModule is a @Task().
   *
   * The [outcome](../../docs/broadcasts.md#rules) of the broadcast has this code.
   *
   * **Remedy:** Deploy senders and workers of the same version.
   */
  NOT_A_BROADCAST: 'run';

  /**
   * > context.progress() was called with NaN.
   *
   * The call threw it, so the attempt fails unless the task catches it.
   *
   * **Remedy:** Give `progress()` a number from 0 to 1, and `log()` a string.
   */
  INVALID_NOTE: 'run';

  /**
   * > This app has no inbox, so inbox.run() has no database.
   *
   * **Remedy:** Give `TaskQueueModule` the option [`inbox`](../../docs/inbox.md).
   */
  INBOX_NOT_CONFIGURED: 'run';

  /**
   * > The function of inbox.run() returned a value that cannot be kept for a repetition. Its transaction was rolled back. ...
   *
   * What the function returns is kept in the mark, for the task that runs again. It must be what an argument of a task can be, of at most 256 KiB: no entity, and no answer of a driver.
   *
   * **Remedy:** Return nothing, with braces around the body of the function, or an id.
   */
  INBOX_RESULT: 'run';

  /**
   * > The transaction of inbox.run() had failed or ended before its function returned. Nothing of it was kept.
   *
   * The function caught the error of a statement, after which the database can only roll back, or it ended the transaction itself.
   *
   * **Remedy:** Let the error through, or set a savepoint before the statement. Leave the commit to `inbox.run()`.
   */
  INBOX_ROLLED_BACK: 'run';

  /**
   * > inbox.run() of the step "charge" was called a second time in one attempt. Nothing was run.
   *
   * It would wait for itself, or find the mark of the first call.
   *
   * **Remedy:** Give each step of a task a name of its own. See [inbox](../../docs/inbox.md#steps).
   */
  INBOX_STEP_TWICE: 'run';

  /**
   * > The database has no table nestwork_inbox, in which the inbox keeps its marks.
   *
   * **Remedy:** Put what `npx nestwork inbox sql` prints into a migration. A table of another name or schema is named by the option `inbox.table`.
   */
  INBOX_TABLE_MISSING: 'run';

  /**
   * > The table nestwork_inbox does not say which form it has; the inbox needs the form 1.
   *
   * The table is one of an earlier or a later version, or was made by other means.
   *
   * **Remedy:** Migrate it to what `npx nestwork inbox sql` prints, its comment included. If it has a higher form, update nestwork in this app.
   */
  INBOX_TABLE_OLD: 'run';

  /**
   * > inbox.run() was called in a broadcast, which runs in every child with the same id. Nothing was run.
   *
   * **Remedy:** For an effect that is to happen once, send a task.
   */
  INBOX_UNSUPPORTED: 'run';

  /**
   * > TaskContext was read outside a running task.
   *
   * Often code [called the method of a task](../../docs/errors.md#the-method-is-called-directly) instead of sending it.
   *
   * **Remedy:** Send the task. Code that runs inside and outside of tasks can check `context.active`, or `context.getType()`.
   */
  OUTSIDE_TASK: 'run';

  /**
   * > The worker is stopping and its grace is over; the task will run again elsewhere.
   *
   * It is the reason of `context.signal`.
   *
   * **Remedy:** End soon: a task that throws now goes back to its queue, and the attempt does not count. Or set a longer `shutdownGrace`.
   */
  SHUTDOWN: 'run';

  /**
   * > Task "SearchTasks.search" ran longer than its soft timeout of 10000 ms.
   *
   * It is the reason of `context.signal`, as a `SoftTimeoutError`, and the code of a task that died because of it.
   *
   * **Remedy:** Set a longer `softTimeout`, do less in one task, or use `retryOnSoftTimeout`. See [timeouts](../../docs/retries-and-timeouts.md#timeouts).
   */
  SOFT_TIMEOUT: 'run';

  /**
   * > Task "ReportTasks.send" was cancelled.
   *
   * It is the reason of `context.signal`, as a `TaskCancelledError`.
   *
   * **Remedy:** End soon. The task will not run again.
   */
  TASK_CANCELLED: 'run';

  /**
   * > No wrapper called next(), so task "ReportTasks.send" did not run.
   *
   * **Remedy:** Await `next()` once in each `wrapTask`. To refuse a task, throw.
   */
  TASK_NOT_RUN: 'run';

  /**
   * > It waited for tasks of which one failed for good, or was cancelled, dropped or deleted.
   *
   * A task of a flow, or the `onDone` of a batch, cannot run any more.
   *
   * **Remedy:** Find the [culprit](../../docs/results-and-flows.md#when-a-task-fails). Make the flow again; `onDone` of a batch can be redriven, and runs then without the tasks that are missing.
   */
  GROUP_FAILED: 'dead';

  /**
   * > Task "FlowTasks.merge" k3v9x0q2m70000000003 takes the result of task k3v9x0q2m70000000002, which has none (TASK_CANCELLED): it was cancelled
   *
   * **Remedy:** Make the flow again, or let the task run without that result: [`onFailure`](../../docs/results-and-flows.md#when-a-task-fails).
   */
  RESULT_MISSING: 'dead';

  /**
   * > A guard refused to let task "MailTasks.send" run.
   *
   * A guard returned false or threw `ForbiddenException`, the `cause`.
   *
   * **Remedy:** In the guard, throw `RetryTask` if the answer may change, `DropTask` if the task may disappear. Let guards for requests pass contexts of type `'task'`. Then redrive.
   */
  GUARD_REFUSED: 'dead';

  /**
   * > Task "SearchTasks.search" ran longer than its hard timeout of 15000 ms; its process was ended.
   *
   * `retryOn`, `dropOn` and `backoff` get a `HardTimeoutError`.
   *
   * **Remedy:** Set a longer `hardTimeout`, or a `softTimeout` at which the task can end by itself.
   */
  HARD_TIMEOUT: 'dead';

  /**
   * > Task "ReportTasks.send" waited for 612000 ms, longer than its `expires` of 300000 ms, so it is not started.
   *
   * **Remedy:** Run more workers for its queue, or set a longer `expires`. If the task is still useful, redrive it; then it does not expire again.
   */
  TASK_EXPIRED: 'dead';

  /**
   * > The seal of task k3v9x0q2m7ab00000001 is broken: it was cut, altered, or made for something else.
   *
   * Something else wrote to the keys of nestwork, or copied the arguments of one task into another.
   *
   * **Remedy:** Find that writer. What is there cannot be opened any more: send the task again from its source.
   */
  PAYLOAD_ALTERED: 'dead';

  /**
   * > The data of task k3v9x0q2m7ab00000001 is sealed with the key "h2Jq0c9a", which this process does not have.
   *
   * Each worker that claimed the task [parked](../../docs/workers.md#deploys) it; after half an hour it was dead. A call that reads a sealed result without its key has this code, too.
   *
   * **Remedy:** Give the workers that key as one of `payload.encrypt.keys`, then redrive. See [sealed payloads](../../docs/sealed-payloads.md).
   */
  PAYLOAD_SEALED: 'dead';

  /**
   * > Task k3v9x0q2m7ab00000001 was written in message version 2; this worker reads version 1.
   *
   * The bytes in the queue are no message of this version. Redis keeps them.
   *
   * **Remedy:** If a later version wrote them, update the workers, then redrive. Foreign bytes, with an id that begins with `undecodable`, cannot run: look at `(await deadLetters.get(id)).bytes`, find their writer, and delete them.
   */
  UNDECODABLE_MESSAGE: 'dead';

  /**
   * > Task "ReportTasks.send" k3v9x0q2m70000000001 has the tag "x", which this version of nestwork cannot read. A newer worker can run it.
   *
   * A newer app asked for a feature that this worker does not have. The worker [parked](../../docs/workers.md#deploys) the task; after half an hour it was dead.
   *
   * **Remedy:** Use one version of nestwork in all apps of a namespace, and deploy workers first. Then redrive.
   */
  UNKNOWN_TAG: 'dead';

  /**
   * > No provider of this worker has a task named "ReportTasks.send".
   *
   * Each worker that claimed the task [parked](../../docs/workers.md#deploys) it; after half an hour it was dead.
   *
   * **Remedy:** Provide the class, or restore its old name: `@Task({ name })`. Then redrive. Deploy workers before senders, and give each app its own `namespace`.
   */
  UNKNOWN_TASK: 'dead';

  /**
   * > No worker whose lease runs has an id that begins with "4f1c".
   *
   * It has ended, its id is shortened to what several workers have, or it has no such child.
   *
   * **Remedy:** List the workers: `npx nestwork workers ls`.
   */
  UNKNOWN_WORKER: 'operate';

  /**
   * > Worker 4f1c09aa (process 4711 on web-1) runs in the process of its app.
   *
   * **Remedy:** Stop the app. A worker of an older version takes no orders either: send it SIGTERM. A quiet worker does not replace its children.
   */
  WORKER_TAKES_NO_ORDERS: 'operate';

  /**
   * > --limit is "many".
   *
   * The command line cannot be carried out as it is written. Nothing was changed.
   *
   * **Remedy:** `nestwork <command> --help` lists its arguments and options.
   */
  INVALID_USAGE: 'operate';

  /**
   * > This child is no longer registered: its lease ran out and its tasks were given to others.
   *
   * The supervisor was frozen or cut off from Redis for longer than the `lease`, or a task blocked the event loop of a [worker within the app](../../docs/lifecycle.md#a-worker-within-the-app).
   *
   * **Remedy:** None needed: the worker starts again by itself. If it happens often, set a longer `lease`, or give the machine more CPU.
   */
  LEASE_LOST: 'operate';

  /**
   * > The supervisor got a message that is none of its protocol.
   *
   * Code of the app wrote to the channel between supervisor and child. nestwork drops the message; foreign bytes, huge messages or a flood of them end the child, and its running tasks count a [crash](../../docs/errors.md#crashed).
   *
   * **Remedy:** Do not call `process.send()` in a worker, also not for [PM2](../../docs/workers.md#pm2-and-nodecluster), and do not write to descriptor 3. Restart the worker after an upgrade.
   */
  MALFORMED_IPC: 'operate';

  /**
   * > The apps "blog" (here) and "shop" (web-1, pid 4711) both serve the queue default in namespace "nestwork", with different tasks ...
   *
   * **Remedy:** Give each app its own `namespace`. See [several apps on one Redis](../../docs/workers.md#several-apps-on-one-redis).
   */
  SHARED_NAMESPACE: 'operate';

  /**
   * > crons.set() got the name "ReportTasks.send", which looks like that of a cron in code.
   *
   * Workers declare a cron of this name, or could: `Class.method` is the name of a cron of a decorator.
   *
   * **Remedy:** Give another name, such as `tenant-7.report`.
   */
  CRON_NAME_TAKEN: 'operate';

  /**
   * > crons.set("tenant-7.report") would be one cron too many: there are 1,000,000.
   *
   * Redis holds each in memory, about 1 KB.
   *
   * **Remedy:** Remove those that are no longer needed: `crons.remove(name)`. One cron that sends many tasks with `delayMany()` may take the place of many.
   */
  TOO_MANY_CRONS: 'operate';

  /**
   * > No worker of this namespace has declared a cron "DigestTasks.digets", and none of this name is set at run time.
   *
   * The name is wrong, no worker has declared the cron within a day, or somebody removed one that was set at run time. `@Cron.from()` without a time makes no cron.
   *
   * **Remedy:** The message has the name that is meant most likely, and others that are known; `npx nestwork crons ls` lists all. Or start a worker, which declares its crons, or call `crons.set()` again.
   */
  UNKNOWN_CRON: 'operate';

  /**
   * > No limit strpie is known. Did you mean stripe?
   *
   * No app declares it, and nothing is set for it. A limit is forgotten a minute after the last worker that declares it.
   *
   * **Remedy:** `nestwork limits ls` lists the limits. That of a queue is named `queue mail`; a queue without one gets it with `limits set`. See [limits](../../docs/limits.md#change-a-limit-while-apps-run).
   */
  UNKNOWN_LIMIT: 'operate';

  /**
   * > No task 0k3j9f2m5x0000000001 is dead.
   *
   * The task of this id is not where the command looks for it.
   *
   * **Remedy:** It may have been redriven or deleted, or be in another namespace.
   */
  UNKNOWN_TASK_ID: 'operate';

  /**
   * > A task was to run, but the app of this test is not initialized: its tasks are not known yet.
   *
   * **Remedy:** Call `await app.init()` after `compile()`.
   */
  APP_NOT_INITIALIZED: 'test';

  /**
   * > Tasks ran without an end: 100001 attempts, and no time had passed.
   *
   * A task sends itself again without a delay, or awaits calls of itself without an end.
   *
   * **Remedy:** Give the call a delay. Then `advance()` runs one round after the other.
   */
  ENDLESS_TASKS: 'test';

  /**
   * > The limits of an app in memory cannot be looked at or changed.
   *
   * Without Redis, limits hold as they are declared.
   *
   * **Remedy:** Give the test a Redis: `RedisServer.start()`. See [testing](../../docs/testing.md).
   */
  NOT_IN_MEMORY_MODE: 'test';

  /**
   * > Task "ReportTasks.send" it91bwvrry0000000001 waits for the result of task it91bwvrry0000000002, which is due at
   * > 2026-11-27T14:25:49.120Z: no time passes while tasks run.
   *
   * In the modes `inline` and `memory` a task waits for another that cannot run meanwhile: it is due later, its queue is paused, a
   * limit holds it back, it waits for a task of its flow that has failed, or for the first one in turn.
   *
   * **Remedy:** Send the other task without a delay; for one that failed, declare `retries: 0` or `backoff: 0` in the test. A task that
   * holds a limit must not await one that needs the same place. See [testing](../../docs/testing.md).
   */
  RESULT_OUT_OF_REACH: 'test';

  /**
   * > advance() does not go with the mode 'fake' of TaskQueueTestingModule.
   *
   * **Remedy:** The mode `fake` runs no tasks, and only `memory` moves the time. See [testing](../../docs/testing.md).
   */
  WRONG_TEST_MODE: 'test';
}

/** Codes of dead tasks that are no `NestworkError`. */
export interface DeadTaskCodes {
  /**
   * > Its process died (exit code 1) 3 times while it ran this task, the last time of an uncaught error: TypeError ...
   *
   * The process died three times [because of the task](../../docs/guarantees.md#the-blame-for-a-crash): an uncaught error, `process.exit()`, out of memory, a native module, or a kill from outside.
   *
   * **Remedy:** Await and catch all that the task starts, also `error` events of emitters. Without a `stack` look at the logs and the memory of the children. Then redrive: it may crash three more processes.
   */
  CRASHED: 'dead';

  /**
   * > Error: connect ECONNREFUSED 10.0.0.7:443
   *
   * The method threw `error`, and no attempt is left; `thrown: ...` is a value that was no error.
   *
   * **Remedy:** Repair the cause, then [redrive](../../docs/dead-tasks.md#let-them-run-again).
   */
  TASK_FAILED: 'dead';
}
