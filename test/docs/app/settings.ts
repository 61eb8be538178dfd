import { Injectable, Module } from '@nestjs/common';

@Injectable()
export class Settings {
  readonly redisUrl = 'redis://127.0.0.1:6379';
}

@Module({ providers: [Settings], exports: [Settings] })
export class SettingsModule {}
