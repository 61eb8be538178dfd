import { Logger } from '@nestjs/common';
import { createApi } from './create-api.js';

// The HTTP API: node sample-app/dist/main.js
const app = await createApi();
// On this machine only: every client of the API can ask for any directory that it may read.
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
const url = await app.getUrl();
const logger = new Logger('CodeStatistics');
logger.log(`Try: curl -X POST ${url}/reports`);
logger.log(`The dashboard is at ${url}/queues`);
