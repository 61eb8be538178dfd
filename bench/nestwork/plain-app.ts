import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { monotonicMs } from '../harness/clock.js';
import { answerCalls, required } from '../harness/program.js';
import { Teller } from '../harness/sightings.js';
import { bootProviders } from './boot-providers.js';

@Module({ providers: [...bootProviders] })
class PlainModule {}

const teller = new Teller();
await NestFactory.createApplicationContext(PlainModule, { logger: ['error', 'warn'] });
// an app that uses Redis by itself
await new Redis(required('REDIS_URL')).ping();
teller.tell('ready', performance.now(), monotonicMs());
answerCalls({});
