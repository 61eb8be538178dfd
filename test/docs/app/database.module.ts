import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { User } from './user.entity.js';

@Module({
  providers: [
    {
      provide: DataSource,
      useFactory: () => {
        const url = process.env.DATABASE_URL ?? '';
        const type = url.startsWith('postgres:') ? 'postgres' : 'mariadb';
        return new DataSource({ type, url, entities: [User], synchronize: true }).initialize();
      },
    },
  ],
  exports: [DataSource],
})
export class DatabaseModule {}
