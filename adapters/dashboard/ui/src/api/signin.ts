// The JSON endpoints of sign-in, below /dashboard. The cookie is the browser's: no script sees it.
import { send } from "./client";
import { Failure } from "./failure";

export type Role = "owner" | "developer" | "accountant" | "viewer";

export type Me = {
  member: { id: string; email: string; role: Role; createdAt: string };
  merchant: { id: string; clientId: string; name: string; email: string };
  projects: { id: string; name: string; mode: "test" | "live" }[];
  rights: string[];
  factors: { totp: boolean; passkeys: number; recoveryCodes: number };
  session: { id: string; createdAt: string; expiresAt: string; provenUntil: string };
};

export type Passkey = { id: string; label: string; createdAt: string; usedAt: string };
export type Totp = { secret: string; uri: string; qr: { size: number; path: string } };

// Refusal is a Failure with what else a refusal of sign-in says.
export class Refusal extends Failure {
  constructor(code: string, message: string, field: string | null, readonly reason: string, readonly status: number) {
    super(code, message, field);
  }
}

// provesAgain asks a person to prove himself again, and answers whether he did. The shell sets it.
let provesAgain: () => Promise<boolean> = async () => false;
export function onProof(ask: () => Promise<boolean>): void {
  provesAgain = ask;
}
export function proveAgain(): Promise<boolean> {
  return provesAgain();
}

async function once<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await send(`/dashboard/${path}`, {
    method,
    headers: body === undefined ? { Accept: "application/json" } :
      { Accept: "application/json", "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.status < 400) return answer.body as T;
  const e = (answer.body ?? {}) as { error?: string; message?: string; param?: string; reason?: string };
  throw new Refusal(e.error ?? "internal", e.message ?? `The gateway answered ${answer.status}.`, e.param ?? null,
    e.reason ?? "", answer.status);
}

// call sends a request, and once more after a person has proved himself where that is asked for.
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  try {
    return await once<T>(method, path, body);
  } catch (err) {
    if (!(err instanceof Failure) || err.code !== "reauth_required" || !(await proveAgain())) throw err;
    return once<T>(method, path, body);
  }
}

// plainly sends a request that itself proves who asks.
export const plainly = once;
