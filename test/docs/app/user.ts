export interface User {
  readonly id: number;
  readonly email: string;
}
