import { Injectable } from '@nestjs/common';

@Injectable()
export class MailService {
  async send(_to: string, _text: string): Promise<void> {}
}
