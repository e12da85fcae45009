import { graphql } from "./graphql";

const row = graphql(`
  fragment PaymentRow on Payment {
    id status kind description orderId createdAt expiresAt awaitsDecision
    due { amount currency }
    intent { method amount { network asset amount } }
    received { amount asset }
  }
`);

export const listPayments = graphql(
  `query Payments($project: ID!, $mode: Mode!, $filter: PaymentFilter, $first: Int, $after: String) {
    payments(project: $project, mode: $mode, filter: $filter, first: $first, after: $after) {
      nodes { ...PaymentRow } pageInfo { hasNextPage endCursor }
    }
  }`, [row]);

export const findPayments = graphql(
  `query Search($project: ID!, $mode: Mode!, $text: String!) {
    search(project: $project, mode: $mode, text: $text) { ...PaymentRow }
  }`, [row]);

const finding = graphql(`
  fragment FindingParts on Finding {
    reason lookalike final network txId asset amount units from to block blockTime confirmations needed decided offSeconds
  }
`);

export const readPayment = graphql(
  `query Payment($id: ID!) {
    payment(id: $id) {
      ...PaymentRow
      projectId mode metadata { key value } method updatedAt checkoutUrl signedReceipt
      rest { amount asset }
      paying: intent { address dedicated createdAt expiresAt rate { from to price source at } }
      receipt { network txId index from block blockTime orderNo late amount { amount asset } }
      timeline { kind at detail txId network orderNo eventId amount { amount asset } }
      explanation {
        headline
        about { ...FindingParts }
        attempts {
          current cut ignored
          intent { address amount { amount asset network } }
          scan { network from to until ok gaps { from until ongoing } }
          findings { ...FindingParts }
        }
      }
      entries { orderNo kind bookedAt description sequence contentHash chainHash postings { source destination amount { amount currency } } }
      events(first: 20) { id type createdAt deliveries { id status attemptCount nextAt endpointId } }
    }
  }`, [row, finding]);

export const createPayment = graphql(`
  mutation CreatePayment($input: PaymentInput!) {
    createPayment(input: $input) { payment { id checkoutUrl } userErrors { code message field } }
  }
`);

export const cancelPayment = graphql(`
  mutation CancelPayment($id: ID!) { cancelPayment(id: $id) { userErrors { code message field } } }
`);

export const playScenario = graphql(`
  mutation Play($id: ID!, $scenario: String!) {
    playScenario(id: $id, scenario: $scenario) { payment { id status } userErrors { code message field } }
  }
`);

export const proveTransaction = graphql(`
  mutation Prove($payment: ID!, $txId: String!) {
    proveTransaction(payment: $payment, txId: $txId) { outcome confirmations needed userErrors { code message field } }
  }
`);
