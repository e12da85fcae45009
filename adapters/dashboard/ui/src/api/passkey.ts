// Passkeys: what the gateway says as JSON, browsers want as bytes, and the other way round.
import { plainly } from "./signin";

type Challenge = { challenge: string; publicKey: Record<string, unknown> };

export function passkeysWork(): boolean {
  return typeof PublicKeyCredential === "function" && isSecureContext;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

function text(buffer: ArrayBuffer | null): string | undefined {
  if (!buffer) return undefined;
  const plain = Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

type Descriptor = { id: string; type: "public-key"; transports?: AuthenticatorTransport[] };

function descriptors(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list ?? []) as Descriptor[]).map((d) => ({ ...d, id: bytes(d.id) }));
}

// used asks the browser for a passkey and answers what the gateway wants to see of it.
export async function usePasskey(): Promise<{ challenge: string; credential: unknown }> {
  const { challenge, publicKey } = await plainly<Challenge>("POST", "passkeys/challenge", {});
  const got = (await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge as string),
      allowCredentials: descriptors(publicKey.allowCredentials),
    },
  })) as PublicKeyCredential;
  const r = got.response as AuthenticatorAssertionResponse;
  return {
    challenge,
    credential: {
      id: got.id, rawId: text(got.rawId), type: got.type, clientExtensionResults: got.getClientExtensionResults(),
      response: {
        authenticatorData: text(r.authenticatorData), clientDataJSON: text(r.clientDataJSON),
        signature: text(r.signature), userHandle: text(r.userHandle),
      },
    },
  };
}

// makePasskey has the browser make a passkey for what the gateway asked.
export async function makePasskey({ challenge, publicKey }: Challenge): Promise<{ challenge: string; credential: unknown }> {
  const user = publicKey.user as { id: string; name: string; displayName: string };
  const got = (await navigator.credentials.create({
    publicKey: {
      ...(publicKey as unknown as PublicKeyCredentialCreationOptions),
      challenge: bytes(publicKey.challenge as string),
      user: { ...user, id: bytes(user.id) },
      excludeCredentials: descriptors(publicKey.excludeCredentials),
    },
  })) as PublicKeyCredential;
  const r = got.response as AuthenticatorAttestationResponse;
  return {
    challenge,
    credential: {
      id: got.id, rawId: text(got.rawId), type: got.type, clientExtensionResults: got.getClientExtensionResults(),
      response: {
        clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject),
        transports: r.getTransports(),
      },
    },
  };
}
