import type { initGraphQLTada } from "gql.tada";
import type { introspection } from "./schema";

// Documents are checked against schema.graphql by the type checker, and are plain text when they run:
// nothing of a GraphQL library is loaded.
type Tada = ReturnType<
  typeof initGraphQLTada<{
    introspection: introspection;
    disableMasking: true;
    scalars: { Decimal: string; Time: string; Date: string };
  }>
>;

const plain = (source: string, fragments: string[] = []): string => source + [...new Set(fragments)].join("");

export const graphql = plain as unknown as Tada;
