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

// absent makes nothing of what does not exist, so that a page can say so.
export async function absent<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (err) {
    if (err instanceof Failure && err.code.toLowerCase() === "not_found") return null;
    throw err;
  }
}

export function failureOf(err: unknown): Failure {
  return err instanceof Failure ? err : new Failure("internal", String(err));
}
