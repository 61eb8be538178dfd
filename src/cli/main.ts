#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCommandLine } from './run-command-line.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
process.exitCode = await runCommandLine(process.argv.slice(2), version);
