import forge from 'node-forge';

const A_DAY_MS = 86_400_000;

/** A certificate and its private key, as PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A throwaway authority that lives in memory, and vouches for servers on 127.0.0.1 and for their clients. */
export class CertificateAuthority {
  private readonly keys = newKeys();
  private readonly name = subject('nestwork test authority');
  /** The certificate that a client needs to trust it, as PEM. */
  readonly certificate = this.sign(this.name, this.keys.publicKey, [{ name: 'basicConstraints', cA: true }]);

  issue(): Identity {
    const { publicKey, privateKey } = newKeys();
    const address = { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] };
    const certificate = this.sign(subject('127.0.0.1'), publicKey, [address]);
    return { certificate, key: forge.pki.privateKeyToPem(privateKey) };
  }

  private sign(of: forge.pki.CertificateField[], publicKey: forge.pki.rsa.PublicKey, extensions: object[]): string {
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = publicKey;
    // a positive number: its first digit keeps the sign bit clear
    certificate.serialNumber = `1${forge.util.bytesToHex(forge.random.getBytesSync(8)).slice(1)}`;
    certificate.validity.notBefore = new Date(Date.now() - A_DAY_MS);
    certificate.validity.notAfter = new Date(Date.now() + A_DAY_MS);
    certificate.setSubject(of);
    certificate.setIssuer(this.name);
    certificate.setExtensions(extensions);
    certificate.sign(this.keys.privateKey, forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate);
  }
}

function newKeys(): forge.pki.rsa.KeyPair {
  return forge.pki.rsa.generateKeyPair({ bits: 2_048 });
}

function subject(name: string): forge.pki.CertificateField[] {
  return [{ name: 'commonName', value: name }];
}
