import { Injectable } from '@nestjs/common';

@Injectable()
export class Cache extends Map<string, string> {}
