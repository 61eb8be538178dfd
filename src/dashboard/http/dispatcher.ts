import { Logger } from '@nestjs/common';
import { printable } from '../../values/printable.js';
import { Redaction } from '../arguments/redaction.js';
import { Live } from '../live/live.js';
import type { Namespaces } from '../namespaces.js';
import type { DashboardAuditEntry, DashboardRequest, DashboardSettings } from '../options.js';
import { type DashboardAction, type DashboardSubject, Rights } from '../rights.js';
import { Incoming } from './incoming.js';
import { answerOf, Refused } from './refused.js';
import { Responder } from './responder.js';
import type { Act, Bulk, BulkProgress, Call, Read, Route } from './route.js';
import { nameOfUser } from './user.js';

/** Bulk actions report at most so often, in ms. */
const REPORT_MS = 200;

/** Answers the requests of all routes: rights first, then the route, then the record of the action. */
export class Dispatcher {
  readonly live = new Live();
  private readonly log = new Logger('QueueDashboard');
  private readonly redaction: Redaction;

  /** @param isPublic whether nobody but `can` decides over actions */
  constructor(
    private readonly settings: Omit<DashboardSettings, 'namespaces'>,
    private readonly namespaces: Namespaces,
    private readonly isPublic: boolean,
  ) {
    this.redaction = new Redaction(settings.redact ?? []);
  }

  /** What the page needs first: where it may look, who looks, what is allowed there. */
  async session(request: DashboardRequest, response: object): Promise<void> {
    await this.answering(response, async (responder) => {
      const namespaces = await Promise.all(
        this.namespaces.names.map(async (name) => ({ name, rights: await this.rightsOf(request, name).all() })),
      );
      responder.json(200, { by: this.nameOf(request), namespaces });
    });
  }

  async handle(route: Route, request: DashboardRequest, response: object): Promise<void> {
    await this.answering(response, async (responder) => {
      const incoming = new Incoming(request);
      if (route.kind !== 'read') incoming.assertSameOrigin();
      const call = await this.callOf(route, request, { incoming, responder });
      if (route.kind === 'read') return responder.json(200, await route.answer(call));
      return route.kind === 'act' ? this.act(route, call, responder) : this.actOnMany(route, call, responder);
    });
  }

  /** Sends what changes for as long as somebody looks. */
  async stream(request: DashboardRequest, response: object): Promise<void> {
    await this.answering(response, async (responder) => {
      const incoming = new Incoming(request);
      const call = await this.callOf({ kind: 'read' }, request, { incoming, responder });
      await this.live.follow(call, responder, incoming.header('last-event-id'));
    });
  }

  private async act(route: Act, call: Call, responder: Responder): Promise<void> {
    const subject = await route.subject(call);
    const audit = await this.begin(route.action, call, subject);
    try {
      const answer = await route.run(call, subject);
      call.live.changed();
      await audit('done', 1);
      responder.json(200, answer ?? {});
    } catch (error) {
      await audit('failed', 0, error);
      throw error;
    }
  }

  /** The answer is a line of JSON for each report, and a last one with the result. */
  private async actOnMany(route: Bulk, call: Call, responder: Responder): Promise<void> {
    const audit = await this.begin(route.action, call, await route.subject(call), call.body.filter ?? call.body);
    const write = responder.stream('application/x-ndjson; charset=utf-8');
    let handled = 0;
    let reportedAt = 0;
    const report = (progress: BulkProgress): void => {
      handled = progress.handled;
      const now = performance.now();
      if (now - reportedAt < REPORT_MS) return;
      reportedAt = now;
      if (responder.isOpen) write(`${JSON.stringify({ progress })}\n`);
    };
    try {
      const result = await route.run(call, report);
      call.live.changed();
      await audit('done', result.count);
      if (responder.isOpen) write(`${JSON.stringify({ result })}\n`);
    } catch (error) {
      await audit('failed', handled, error);
      if (responder.isOpen) write(`${JSON.stringify({ error: this.bodyOf(error).body })}\n`);
    }
    responder.end();
  }

  private async begin(
    action: DashboardAction,
    call: Call,
    subject: Omit<DashboardSubject, 'namespace'>,
    filter?: unknown,
  ): Promise<(outcome: DashboardAuditEntry['outcome'], count: number, error?: unknown) => Promise<void>> {
    const { by, namespace, rights } = call;
    const audit = async (outcome: DashboardAuditEntry['outcome'], count: number, error?: unknown): Promise<void> => {
      await this.record({
        at: new Date(),
        by,
        action,
        subject: { ...subject, namespace },
        ...(filter === undefined ? {} : { filter }),
        outcome,
        count,
        ...(error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) }),
      });
    };
    if (await rights.may(action, subject)) return audit;
    await audit('denied', 0);
    throw Refused.right(action, by);
  }

  private async record(entry: DashboardAuditEntry): Promise<void> {
    try {
      await this.settings.audit?.(entry);
    } catch (error) {
      this.log.error(`The function \`audit\` of the dashboard failed: ${printable(String(error))}`);
    }
  }

  private async callOf(
    route: Pick<Read, 'kind'> | Pick<Act | Bulk, 'kind'>,
    request: DashboardRequest,
    { incoming, responder }: { readonly incoming: Incoming; readonly responder: Responder },
  ): Promise<Call> {
    const query = incoming.url.searchParams;
    const namespace = query.get('in') ?? this.namespaces.names[0] ?? '';
    const rights = this.rightsOf(request, namespace);
    const by = this.nameOf(request);
    if (!(await rights.may('view'))) throw Refused.right('view', by);
    const body = route.kind === 'read' ? {} : await incoming.body();
    const gone = new AbortController();
    responder.onGone(() => gone.abort());
    const inspector = await this.namespaces.get(namespace);
    const live = this.live.of(namespace, inspector);
    return { inspector, namespace, rights, live, redaction: this.redaction, by, query, body, signal: gone.signal };
  }

  private rightsOf(request: DashboardRequest, namespace: string): Rights {
    const { can } = this.settings;
    return new Rights(namespace, async (action, subject) => {
      if (!can) return !this.isPublic || action === 'view';
      try {
        return await can(action, subject, request);
      } catch (error) {
        this.log.error(
          `The function \`can\` of the dashboard failed, so "${action}" is refused: ${printable(String(error))}`,
        );
        return false;
      }
    });
  }

  private nameOf(request: DashboardRequest): string {
    return nameOfUser(this.settings.user ? this.settings.user(request) : (request as { user?: unknown }).user);
  }

  private async answering(response: object, answer: (responder: Responder) => Promise<void>): Promise<void> {
    const responder = new Responder(response);
    try {
      await answer(responder);
    } catch (error) {
      const { status, body } = this.bodyOf(error);
      responder.json(status, body);
    }
  }

  private bodyOf(error: unknown): NonNullable<ReturnType<typeof answerOf>> {
    const known = answerOf(error);
    if (known) return known;
    this.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const message = 'The dashboard failed. The log of the app says why.';
    return { status: 500, body: { code: 'FAILED', message, remedy: [] } };
  }
}
