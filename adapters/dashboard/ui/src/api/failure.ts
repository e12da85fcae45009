// Why something was not done, as the gateway says it.
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

// unreachable is the failure of a request that was never answered.
export const unreachable = "unreachable";

export function failureOf(err: unknown): Failure {
  return err instanceof Failure ? err : new Failure("internal", String(err));
}
