export { OpenTelemetryModule } from './open-telemetry.module.js';
export type { OpenTelemetryOptions } from './options.js';
