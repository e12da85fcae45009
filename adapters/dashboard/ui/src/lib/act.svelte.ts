// What a person does, and how it ended.
import { Failure, failureOf } from "../api/failure";
import { proveAgain } from "../api/signin";

export type Told = { userErrors: readonly { code: string; message: string; field: string | null }[] };

const needsProof = "reauth_required";

// act sends a mutation. What it could not do becomes a Failure; where a person has to prove himself
// again, he is asked, and it is sent once more.
export async function act<T extends Told>(mutation: () => Promise<T>): Promise<T> {
  for (let again = false; ; again = true) {
    let failure: Failure;
    try {
      const told = await mutation();
      const e = told.userErrors[0];
      if (!e) return told;
      failure = new Failure(e.code.toLowerCase(), e.message, e.field);
    } catch (err) {
      failure = failureOf(err);
    }
    if (failure.code.toLowerCase() !== needsProof || again || !(await proveAgain())) throw failure;
  }
}

// Doing is something a form does: one at a time, and what went wrong stays until the next try.
export class Doing {
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);

  async run<T>(what: () => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.failure = null;
    try {
      return await what();
    } catch (err) {
      this.failure = failureOf(err);
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  // about is what was wrong with a field, if anything was.
  about(field: string): Failure | null {
    return this.failure?.field === field ? this.failure : null;
  }
}
