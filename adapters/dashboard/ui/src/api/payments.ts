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

export const readPayment = graphql(
  `query Payment($id: ID!) {
    payment(id: $id) {
      ...PaymentRow
      projectId mode metadata { key value } method updatedAt checkoutUrl signedReceipt
      rest { amount asset }
      paying: intent { address dedicated createdAt expiresAt rate { from to price source at } }
      receipt { network txId index from block blockTime orderNo late amount { amount asset } }
      timeline { kind at detail txId network orderNo eventId amount { amount asset } }
      entries { orderNo kind bookedAt description sequence contentHash chainHash postings { source destination amount { amount currency } } }
      events(first: 10) { id type createdAt deliveries { id status attemptCount nextAt endpointId } }
    }
  }`, [row]);

// What came for a payment is asked for by itself: it may be long.
export const explainPayment = graphql(`
  query Explain($id: ID!) {
    payment(id: $id) {
      explanation {
        headline
        attempts {
          cut ignored
          intent { amount { amount asset network } }
          scan { from to until ok gaps { from until ongoing } }
          findings { reason asset amount txId blockTime confirmations needed offSeconds }
        }
      }
    }
  }
`);

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
