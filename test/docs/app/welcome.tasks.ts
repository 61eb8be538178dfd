import { Injectable } from '@nestjs/common';
import { IsEmail } from 'class-validator';
import { Task } from 'nestwork';

export class WelcomeDto {
  @IsEmail()
  readonly email: string = '';
}

@Injectable()
export class WelcomeTasks {
  @Task()
  async welcome(_user: WelcomeDto): Promise<void> {}
}
