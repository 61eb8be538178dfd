import { Injectable } from '@nestjs/common';

@Injectable()
export class Metrics {
  count(_metric: string, _label: string): void {}

  async time<T>(_label: string, action: () => Promise<T>): Promise<T> {
    return await action();
  }
}
