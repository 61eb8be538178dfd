import type { DiscoveryService } from '@nestjs/core';

/** Nest's record of a provider; Nest does not export the type itself. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
