import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { dataDirectory } from '../data-directory.js';
import { writeOnce } from '../reports/write-once.js';

export interface Mail {
  /** the same for each attempt to send it, so that no address gets it twice */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** an SVG */
  readonly chart: string;
}

const FROM = 'Code statistics <code-stats@localhost>';

/** Where a mail is that was not sent to a server. */
export function mailPath(id: string): string {
  return join(dataDirectory(), 'outbox', `${id}.eml`);
}

/** Sends mail to the server at SMTP_URL. Without one it writes mail to files, which any mail program opens. */
@Injectable()
export class Mailer {
  /** @returns where it went */
  async send({ id, to, subject, text, chart }: Mail): Promise<string> {
    const attachments = [{ filename: 'chart.svg', content: chart, contentType: 'image/svg+xml' }];
    // mail servers drop a message whose id they have seen
    const mail = { from: FROM, to, subject, text, attachments, messageId: `<${id}@code-stats>` };
    if (process.env.SMTP_URL) {
      await createTransport(process.env.SMTP_URL).sendMail(mail);
      return to;
    }
    const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(mail);
    const path = mailPath(id);
    await writeOnce(path, message as Buffer);
    return path;
  }
}
