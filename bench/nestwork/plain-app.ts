import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { monotonicMs } from '../harness/clock.js';
import { answerCalls, required } from '../harness/program.js';
import { Reporter } from '../harness/sightings.js';
import { bootProviders } from './boot-providers.js';

@Module({ providers: [...bootProviders] })
class PlainModule {}

const reporter = new Reporter();
await NestFactory.createApplicationContext(PlainModule, { logger: ['error', 'warn'] });
// an app that uses Redis by itself
await new Redis(required('REDIS_URL')).ping();
reporter.report('ready', performance.now(), monotonicMs());
answerCalls({});
