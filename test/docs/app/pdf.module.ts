import { Injectable, Module } from '@nestjs/common';

@Injectable()
export class PdfRenderer {
  async render(_id: number): Promise<void> {}
}

@Module({ providers: [PdfRenderer] })
export class PdfModule {}
