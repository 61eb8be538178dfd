import { Injectable, type Type } from '@nestjs/common';

/** As many providers as a small app has. */
export const bootProviders: readonly Type<unknown>[] = Array.from({ length: 60 }, () => {
  class Service {}
  Injectable()(Service);
  return Service;
});
