import { graphql } from "./graphql";

// What the first run needs to know: how far somebody has come.
export const readStart = graphql(`
  query Start($project: ID!) {
    project(id: $project) { id name }
    merchant { name clientId }
    keyPairs(project: $project) { id mode revokedAt }
    payments(project: $project, mode: TEST, first: 1) { nodes { id status checkoutUrl intent { method } } }
    paid: payments(project: $project, mode: TEST, first: 1, filter: { statuses: [SETTLED] }) { nodes { id } }
    webhookEndpoints(project: $project, mode: TEST) { id url }
    events(project: $project, mode: TEST, first: 5) { nodes { id type deliveries { id status } } }
  }
`);
