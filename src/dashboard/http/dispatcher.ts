import { Logger } from '@nestjs/common';
import { Redaction } from '../arguments/redaction.js';
import { Live } from '../live/live.js';
import type { Namespaces } from '../namespaces.js';
import type { DashboardRequest, DashboardSettings } from '../options.js';
import type { DashboardAction } from '../rights.js';
import { Audit, type Wish } from './audit.js';
import { denials } from './denials.js';
import { Incoming } from './incoming.js';
import { NOBODY, People } from './people.js';
import { answerOf, Refused } from './refused.js';
import { Responder } from './responder.js';
import type { Act, Bulk, BulkProgress, Call, Route, Subject } from './route.js';
import { seesSealed, withoutKeys } from './sealed.js';

/** Bulk actions report at most so often, in ms. */
const REPORT_MS = 50;

/** Answers the requests of all routes: rights first, then the route, then the record of the action. */
export class Dispatcher {
  readonly live = new Live();
  private readonly log = new Logger('QueueDashboard');
  private readonly people: People;
  private readonly audit: Audit;
  private readonly redaction: Redaction;
  /** the answers under way, each with what stops it */
  private readonly running = new Map<Promise<void>, AbortController>();

  /** @param isPublic whether nobody but `can` decides over actions */
  constructor(
    settings: Omit<DashboardSettings, 'namespaces'>,
    private readonly namespaces: Namespaces,
    isPublic: boolean,
  ) {
    this.people = new People(settings, isPublic);
    this.audit = new Audit(settings.audit);
    this.redaction = new Redaction(settings.redact ?? []);
  }

  /** What the page needs first: where it may look, who looks, what is allowed there. */
  session(request: DashboardRequest, response: object): Promise<void> {
    return this.answering(response, async (responder) => {
      new Incoming(request).assertNotForeign();
      const namespaces = await Promise.all(
        this.namespaces.names.map(async (name) => ({ name, rights: await this.people.rightsOf(request, name).all() })),
      );
      const by = await this.people.nameOf(request);
      responder.json(200, { by: by === NOBODY ? undefined : by, denials: denials(by), namespaces });
    });
  }

  handle(route: Route, request: DashboardRequest, response: object): Promise<void> {
    return this.answering(response, async (responder, signal) => {
      const call = await this.callOf(route.kind, request, signal);
      if (route.kind === 'read') return responder.json(200, await route.answer(call));
      return route.kind === 'act' ? this.act(route, call, responder) : this.actOnMany(route, call, responder);
    });
  }

  /** Sends what changes for as long as somebody looks. */
  stream(request: DashboardRequest, response: object): Promise<void> {
    return this.answering(response, async (responder, signal) => {
      const call = await this.callOf('read', request, signal);
      const incoming = new Incoming(request);
      // the platforms route HEAD as GET, and nobody would end it
      if (incoming.method === 'HEAD') return responder.text(200, 'text/event-stream; charset=utf-8', '');
      return this.live.follow(call, responder, incoming.header('last-event-id'));
    });
  }

  /** Stops bulk actions and streams, and waits for them. */
  async close(): Promise<void> {
    this.live.close();
    for (const stop of this.running.values()) stop.abort();
    await Promise.all(this.running.keys());
  }

  private async act(route: Act, call: Call, responder: Responder): Promise<void> {
    const subject = await route.subject(call);
    const wish = await this.allowed(route.action, call, { subject, order: route.order });
    assertThere(call);
    let answer: unknown;
    try {
      // one that failed may have done a part
      answer = await route.run(call, subject).finally(() => call.live.changed());
    } catch (error) {
      this.audit.record(wish, { outcome: 'failed', count: 0, error });
      throw error;
    }
    this.audit.record(wish, { outcome: 'done', count: route.hasDone?.(answer) === false ? 0 : 1 });
    responder.json(200, answer ?? {});
  }

  /** The answer is a line of JSON for each report, and a last one with the result. */
  private async actOnMany(route: Bulk, call: Call, responder: Responder): Promise<void> {
    const subject = await route.subject(call);
    const wish = await this.allowed(route.action, call, { subject, filter: call.body.filter ?? call.body });
    assertThere(call);
    const write = responder.stream('application/x-ndjson; charset=utf-8');
    const line = (content: object): void => {
      if (responder.isOpen) write(`${JSON.stringify(content)}\n`);
    };
    let count = 0;
    let held: BulkProgress | undefined;
    let timer: NodeJS.Timeout | undefined;
    const send = (progress: BulkProgress): void => {
      held = undefined;
      line({ progress });
      // the last of a moment goes out as well, however long the next one takes
      timer = setTimeout(() => {
        timer = undefined;
        if (held) send(held);
      }, REPORT_MS);
    };
    const report = (progress: BulkProgress): void => {
      count = progress.count;
      if (timer) held = progress;
      else send(progress);
    };
    try {
      const result = await route.run(call, report).finally(() => {
        clearTimeout(timer);
        call.live.changed();
      });
      this.audit.record(wish, { outcome: 'done', count: result.count });
      line({ result });
    } catch (error) {
      this.audit.record(wish, { outcome: 'failed', count, error });
      // stopped by the person: nobody reads the answer, and the log is not for it
      if (!call.signal.aborted) line({ error: answerOf(error, this.log).body });
    }
    responder.end();
  }

  /** @throws Refused */
  private async allowed(
    action: DashboardAction,
    { by, namespace, rights }: Call,
    { subject, ...rest }: Pick<Wish, 'filter' | 'order'> & { readonly subject: Subject },
  ): Promise<Wish> {
    const wish = { by, action, subject: { ...subject, namespace }, ...rest };
    if (await rights.may(action, subject)) return wish;
    this.audit.record(wish, { outcome: 'denied', count: 0 });
    throw Refused.right(action, by);
  }

  private async callOf(kind: Route['kind'], request: DashboardRequest, signal: AbortSignal): Promise<Call> {
    const incoming = new Incoming(request);
    if (kind === 'read') incoming.assertNotForeign();
    else incoming.assertSameOrigin();
    const query = incoming.url.searchParams;
    const namespace = this.namespaces.find(query.get('in'));
    const rights = this.people.rightsOf(request, namespace);
    const by = await this.people.nameOf(request);
    if (!(await rights.may('view'))) throw Refused.right('view', by);
    const body = kind === 'read' ? {} : await incoming.body();
    const inspector = await this.namespaces.get(namespace);
    const live = this.live.of(namespace, inspector);
    const call = { inspector, namespace, rights, live, redaction: this.redaction, by, query, body, signal };
    // one action on one task shows nothing of it, and may need the keys
    return kind === 'act' || (await seesSealed(call)) ? call : withoutKeys(call);
  }

  /**
   * Resolves when the answer has begun: from then on a filter of the app, for example after a timeout of an interceptor, could
   * only cut off a stream that is well.
   */
  private answering(
    response: object,
    answer: (responder: Responder, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const responder = new Responder(response);
    const stop = new AbortController();
    responder.onGone(() => stop.abort());
    const work = answer(responder, stop.signal).catch((error: unknown) => {
      const { status, body } = answerOf(error, this.log);
      responder.fail(status, body);
    });
    this.running.set(work, stop);
    void work.finally(() => this.running.delete(work));
    return Promise.race([work, responder.begun]);
  }
}

/** Guards and `can` take their time: a person who has gone meanwhile could not see what is done. @throws Refused */
function assertThere({ signal }: Call): void {
  if (signal.aborted) throw new Refused(503, 'CUT_OFF', 'The request was cut off, so nothing was done.');
}
