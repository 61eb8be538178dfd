import { Injectable } from '@nestjs/common';
import { x } from 'nestwork';
class A {}
@Injectable()
export class B { constructor(readonly a: A) {} }
console.log('hello', x);
