import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

/** The person that an authentication has put into the request. */
export interface Person {
  readonly email: string;
  readonly role: 'admin' | 'support' | 'customer';
}

@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user?: Person }>();
    return user?.role === 'admin' || user?.role === 'support';
  }
}
