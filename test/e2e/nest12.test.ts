import { AppHouse, appNames } from './app-house.js';

describe('on Nest 12', () => {
  let house: AppHouse;
  beforeAll(async () => {
    house = await AppHouse.open('12');
  }, 180_000);
  afterAll(() => house?.close());

  it.each(appNames())('the app %s passes', (app) => house.run(app));
});
