import { graphql } from "./graphql";

export const readWebhooks = graphql(`
  query Webhooks($project: ID!, $mode: Mode!) {
    webhookEndpoints(project: $project, mode: $mode) {
      id url description types enabled disabledFor failures failingSince createdAt
    }
    webhookEventTypes
  }
`);
export const readEvents = graphql(`
  query Events($project: ID!, $mode: Mode!, $first: Int, $after: String) {
    events(project: $project, mode: $mode, first: $first, after: $after) {
      nodes { id type paymentId createdAt deliveries { id status attemptCount } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
export const readEvent = graphql(`
  query Event($project: ID!, $mode: Mode!, $id: ID!) {
    event(project: $project, mode: $mode, id: $id) {
      id type paymentId body createdAt
      deliveries {
        id endpointId status attemptCount nextAt updatedAt
        attempts {
          number at tookMilliseconds statusCode outcome answer
          requestHead { name value } answerHead { name value }
        }
      }
    }
    webhookEndpoints(project: $project, mode: $mode) { id url enabled }
  }
`);
export const createEndpoint = graphql(`
  mutation CreateEndpoint($input: WebhookEndpointInput!) {
    createWebhookEndpoint(input: $input) {
      endpoint { id url } secret unreachable userErrors { code message field }
    }
  }
`);
export const updateEndpoint = graphql(`
  mutation UpdateEndpoint($input: WebhookEndpointChange!) {
    updateWebhookEndpoint(input: $input) { endpoint { id } userErrors { code message field } }
  }
`);
export const removeEndpoint = graphql(`
  mutation RemoveEndpoint($project: ID!, $mode: Mode!, $id: ID!) {
    removeWebhookEndpoint(project: $project, mode: $mode, id: $id) { removed userErrors { code message field } }
  }
`);
export const rotateSecret = graphql(`
  mutation RotateSecret($project: ID!, $mode: Mode!, $id: ID!) {
    rotateWebhookSecret(project: $project, mode: $mode, id: $id) { secret userErrors { code message field } }
  }
`);
export const testEndpoint = graphql(`
  mutation TestEndpoint($project: ID!, $mode: Mode!, $id: ID!) {
    testWebhookEndpoint(project: $project, mode: $mode, id: $id) { event { id } userErrors { code message field } }
  }
`);
export const replayEvent = graphql(`
  mutation Replay($project: ID!, $mode: Mode!, $id: ID!, $endpoint: ID) {
    replayEvent(project: $project, mode: $mode, id: $id, endpoint: $endpoint) {
      deliveries { id } userErrors { code message field }
    }
  }
`);
