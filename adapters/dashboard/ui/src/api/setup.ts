import { graphql } from "./graphql";

export const readKeys = graphql(`
  query Keys($project: ID!) {
    keyPairs(project: $project) { id label mode publicKey hint createdAt revokedAt }
    merchant { clientId }
  }
`);
export const createKeyPair = graphql(`
  mutation CreateKey($project: ID!, $mode: Mode!, $label: String!) {
    createKeyPair(project: $project, mode: $mode, label: $label) {
      keyPair { id publicKey } privateKey userErrors { code message field }
    }
  }
`);
export const rotateKeyPair = graphql(`
  mutation RotateKey($project: ID!, $id: ID!) {
    rotateKeyPair(project: $project, id: $id) { keyPair { id publicKey } privateKey userErrors { code message field } }
  }
`);
export const revokeKeyPair = graphql(`
  mutation RevokeKey($project: ID!, $id: ID!) {
    revokeKeyPair(project: $project, id: $id) { userErrors { code message field } }
  }
`);
export const rotateApiKey = graphql(`
  mutation RotateApiKey($project: ID!, $mode: Mode!) {
    rotateApiKey(project: $project, mode: $mode) { apiKey userErrors { code message field } }
  }
`);

export const readReceiving = graphql(`
  query Receiving($project: ID!) {
    receivingAccounts(project: $project) {
      id network asset address fingerprint label state proven tampered createdAt activeFrom endsAt replaces
    }
    addressWait(project: $project) { hours nextHours nextFrom }
    addressSources(project: $project) {
      id kind family label state firstAddresses total free resting received low createdAt
    }
    paymentMethods(project: $project) { name symbol live test enabled networks { network live address } }
  }
`);
export const addReceiving = graphql(`
  mutation AddReceiving($input: ReceivingInput!) {
    addReceivingAccount(input: $input) { receivingAccount { id state activeFrom } userErrors { code message field } }
  }
`);
export const challengeReceiving = graphql(`
  mutation Challenge($input: ReceivingInput!) {
    challengeReceivingAccount(input: $input) { text expiresAt userErrors { code message field } }
  }
`);
export const removeReceiving = graphql(`
  mutation RemoveReceiving($project: ID!, $id: ID!) {
    removeReceivingAccount(project: $project, id: $id) { removed userErrors { code message field } }
  }
`);
export const setAddressWait = graphql(`
  mutation SetWait($project: ID!, $hours: Int!) {
    setAddressWait(project: $project, hours: $hours) { addressWait { hours } userErrors { code message field } }
  }
`);
export const switchMethod = graphql(`
  mutation SwitchMethod($project: ID!, $method: String!, $enabled: Boolean!) {
    switchPaymentMethod(project: $project, method: $method, enabled: $enabled) { userErrors { code message field } }
  }
`);
export const registerSource = graphql(`
  mutation RegisterSource($input: AddressSourceInput!) {
    registerAddressSource(input: $input) { addressSource { id firstAddresses } userErrors { code message field } }
  }
`);
export const confirmSource = graphql(`
  mutation ConfirmSource($project: ID!, $id: ID!, $firstAddress: String!) {
    confirmAddressSource(project: $project, id: $id, firstAddress: $firstAddress) {
      userErrors { code message field }
    }
  }
`);
export const appendAddresses = graphql(`
  mutation Append($project: ID!, $id: ID!, $addresses: [String!]!) {
    appendAddresses(project: $project, id: $id, addresses: $addresses) {
      addressSource { id free } userErrors { code message field }
    }
  }
`);
export const removeSource = graphql(`
  mutation RemoveSource($project: ID!, $id: ID!) {
    removeAddressSource(project: $project, id: $id) { removed userErrors { code message field } }
  }
`);

export const readProject = graphql(`
  query Project($id: ID!) {
    project(id: $id) {
      id name websiteUrl mode disabled
      policy {
        sessionMinutes late toleranceBasisPoints underpaid twoSourcesFrom
        finality { network upTo confirmations }
      }
    }
    merchant { name clientId email }
    rails { network title mode earliestConfirmations finalBlocks finalSeconds }
  }
`);
export const updateProject = graphql(`
  mutation UpdateProject($input: ProjectInput!) {
    updateProject(input: $input) { project { id } userErrors { code message field } }
  }
`);
export const createProject = graphql(`
  mutation CreateProject($name: String!) {
    createProject(name: $name) { project { id } userErrors { code message field } }
  }
`);
export const renameMerchant = graphql(`
  mutation Rename($name: String!) { renameMerchant(name: $name) { userErrors { code message field } } }
`);
