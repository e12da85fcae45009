// Who works for the account, what they did, and where the member himself is signed in.
import { graphql } from "./graphql";
import type { Role } from "./signin";

export const roles: Role[] = ["owner", "developer", "accountant", "viewer"];

// The schema's names of roles are in capitals, those of words and of sign-in are not.
export const asked = (role: Role) => role.toUpperCase() as Uppercase<Role>;
export const named = (role: Uppercase<Role>) => role.toLowerCase() as Role;

export const readTeam = graphql(`
  query Team {
    team {
      members { id email role createdAt seenAt totp passkeys }
      invitations { id email role expiresAt }
    }
  }
`);
export const inviteMember = graphql(`
  mutation Invite($email: String!, $role: Role!) {
    inviteMember(email: $email, role: $role) { link userErrors { code message field } }
  }
`);
export const withdrawInvitation = graphql(`
  mutation Withdraw($id: ID!) { withdrawInvitation(id: $id) { removed userErrors { code message field } } }
`);
export const changeRole = graphql(`
  mutation ChangeRole($member: ID!, $role: Role!) {
    changeRole(member: $member, role: $role) { member { id } userErrors { code message field } }
  }
`);
export const removeMember = graphql(`
  mutation RemoveMember($id: ID!) { removeMember(id: $id) { removed userErrors { code message field } } }
`);
export const readAudit = graphql(`
  query Audit($filter: AuditFilter, $first: Int, $after: String) {
    auditLog(filter: $filter, first: $first, after: $after) {
      intact
      nodes { id at by ip device action subject before after }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
export const readSessions = graphql(`
  query Sessions { sessions { id device ip seenAt current } }
`);
export const endSession = graphql(`
  mutation EndSession($id: ID!) { endSession(id: $id) { removed userErrors { code message field } } }
`);
export const endOtherSessions = graphql(`
  mutation EndOtherSessions { endOtherSessions { removed userErrors { code message field } } }
`);
