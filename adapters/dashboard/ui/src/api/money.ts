import { graphql } from "./graphql";

export const readQueue = graphql(`
  query Queue($project: ID!, $mode: Mode!, $decided: Boolean, $first: Int, $after: String) {
    queue(project: $project, mode: $mode, decided: $decided, first: $first, after: $after) {
      nodes {
        id network txId from to blockTime disposition reason paymentId
        amount { amount asset }
        decision { action note returnTxId at }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const decide = graphql(`
  mutation Decide($input: DecisionInput!) {
    decideTransfer(input: $input) { userErrors { code message field } }
  }
`);

export const readReport = graphql(`
  query Report($project: ID!, $mode: Mode!, $from: Date!, $to: Date!, $by: ReportBy) {
    report(project: $project, mode: $mode, from: $from, to: $to, by: $by) {
      csvUrl jsonUrl printUrl
      lines { from network currency entries received reversals reversed net worth { currency amount sources } }
    }
    balances(project: $project, mode: $mode) { network currency received reversed net entries }
  }
`);

export const readBook = graphql(`
  query Book($project: ID!, $mode: Mode!, $filter: EntryFilter, $first: Int, $after: String) {
    entries(project: $project, mode: $mode, filter: $filter, first: $first, after: $after) {
      nodes { id: orderNo kind paymentId description bookedAt reverses postings { source destination amount { amount currency } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const readPrograms = graphql(`
  query Programs($project: ID!, $mode: Mode!, $after: String) {
    resources(project: $project, mode: $mode, first: 50) {
      nodes { id sku title description state contentKind url discoverable version price { amount currency } payees { network address problem } }
    }
    agentPayments(project: $project, mode: $mode, first: 20, after: $after) {
      nodes { id sku title status network payer txId orderNo claimedAt price { amount currency } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const createResource = graphql(`
  mutation CreateResource($input: ResourceInput!) {
    createResource(input: $input) { resource { id sku } userErrors { code message field } }
  }
`);

export const changeResource = graphql(`
  mutation ChangeResource($input: ResourceChange!) {
    updateResource(input: $input) { resource { id } userErrors { code message field } }
  }
`);

export const archiveResource = graphql(`
  mutation Archive($project: ID!, $mode: Mode!, $sku: String!) {
    archiveResource(project: $project, mode: $mode, sku: $sku) { removed userErrors { code message field } }
  }
`);
