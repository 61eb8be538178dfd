import { WorkerFactory } from 'nestwork';
import { AppModule } from './app.module.js';

// The worker: node sample-app/dist/worker.js
await WorkerFactory.run(AppModule, { children: 2 });
