import type { ResultOf, TadaDocumentNode, VariablesOf } from "gql.tada";
import { Failure, unreachable } from "./failure";

const endpoint = "/dashboard/graphql";

type Answer = { data?: unknown; errors?: { message: string; extensions?: { code?: string } }[] };

// signedOut hears that the session is over. The shell sets it.
let signedOut: () => void = () => undefined;
export function onSignedOut(then: () => void): void {
  signedOut = then;
}

// send makes a request of this origin and reads its JSON. Whatever is not an answer is a Failure.
export async function send(path: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...init });
  } catch {
    throw new Failure(unreachable, "The gateway did not answer.");
  }
  const text = await answer.text();
  let body: unknown = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    throw new Failure("internal", `The gateway answered ${answer.status}.`);
  }
  return { status: answer.status, body };
}

// Nobody does anything by what a page asks on its own: the gateway is told, so that a page that is left open
// does not keep its session from ending.
let alone = false;

// unattended asks a question that nobody asked.
export function unattended<T>(question: () => Promise<T>): Promise<T> {
  alone = true;
  try {
    return question();
  } finally {
    alone = false;
  }
}

// ask sends a GraphQL document. Errors of any kind become a Failure.
export async function ask<D extends TadaDocumentNode<any, any, any>>(
  document: D,
  variables: VariablesOf<D>,
): Promise<ResultOf<D>> {
  const { status, body } = await send(endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/json", Accept: "application/json", ...(alone ? { "Dashboard-Unattended": "1" } : {}),
    },
    body: JSON.stringify({ query: document as unknown as string, variables }),
  });
  if (status === 401) {
    signedOut();
    throw new Failure("unauthenticated", "The session is over.");
  }
  const answer = (body ?? {}) as Answer;
  const first = answer.errors?.[0];
  if (first) throw new Failure(first.extensions?.code ?? "internal", first.message);
  if (status >= 400 || !answer.data) throw failureIn(body, status);
  return answer.data as ResultOf<D>;
}

// failureIn reads the envelope of the gateway's JSON endpoints.
export function failureIn(body: unknown, status: number): Failure {
  const b = (body ?? {}) as Record<string, unknown>;
  const inner = (typeof b.error === "object" && b.error !== null ? b.error : b) as Record<string, unknown>;
  const code = [inner.code, b.error].find((c): c is string => typeof c === "string") ?? "internal";
  const message = typeof inner.message === "string" ? inner.message : `The gateway answered ${status}.`;
  return new Failure(code, message, [inner.field, inner.param].find((f): f is string => typeof f === "string") ?? null);
}

export { endpoint };
