import { graphql } from "./graphql";

export const readOverview = graphql(`
  query Overview($project: ID!, $mode: Mode!, $days: Int) {
    overview(project: $project, mode: $mode, days: $days) {
      from to
      volume { day currency network kind amount entries }
      conversion { day created paid }
      finality { payments median p95 }
      webhooks { deliveries delivered pending failed }
    }
    balances(project: $project, mode: $mode) { network currency net entries }
    queue(project: $project, mode: $mode, first: 1) { nodes { id } }
    keyPairs(project: $project) { mode revokedAt }
    payments(project: $project, mode: $mode, first: 5) {
      nodes { id status description orderId createdAt due { amount currency } }
    }
  }
`);

export const readRails = graphql(`
  query Rails { rails { network title mode height blockTime silenceSeconds ok } }
`);
