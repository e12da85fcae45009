import { failureIn, send } from "./client";
import { graphql } from "./graphql";

export const readKyc = graphql(`
  query Kyc {
    kyc {
      state legalName country kind registry note submittedAt decidedAt
      documents { id kind mediaType bytes createdAt }
    }
  }
`);
export const submitKyc = graphql(`
  mutation SubmitKyc($input: KycInput!) {
    submitKyc(input: $input) { kyc { state } userErrors { code message field } }
  }
`);

// What a document may be, as the gateway will have it. Nobody waits for an upload that is refused.
export const documentBytes = 10 * 1024 * 1024;
export const documentTypes = ["application/pdf", "image/jpeg", "image/png"];
export const documentsAtMost = 10;
export const documentKinds = ["identity", "registration", "address", "other"] as const;

// attach sends a file as it is.
export async function attach(kind: string, file: File): Promise<void> {
  const { status, body } = await send(`/dashboard/kyc/documents?kind=${encodeURIComponent(kind)}`, {
    method: "POST", headers: { Accept: "application/json" }, body: file,
  });
  if (status >= 400) throw failureIn(body, status);
}
