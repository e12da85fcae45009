// A list that is read page by page. What was read before stays, the first page is asked for again when
// something is new.
import { Doing } from "./act.svelte";
import { load, type Load } from "./load.svelte";
import type { News } from "./live.svelte";

export type Page<T> = { nodes: readonly T[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

export type Pages<T> = Load<Page<T>> & {
  readonly nodes: readonly T[];
  readonly more: boolean;
  readonly doing: Doing;
  next: () => Promise<void>;
};

export function pages<T extends { id: string }>(
  question: (after: string | null) => Promise<Page<T>>,
  on?: News,
  same?: () => unknown,
): Pages<T> {
  const first = load(() => question(null), on, same);
  const doing = new Doing();
  let later = $state.raw<{ after: Page<T>; pages: Page<T>[] }>();

  // Further pages belong to the first one they were read behind; a new first page that differs in
  // where it ends begins anew.
  let rest = $derived.by(() => {
    const f = first.value;
    return f && later && later.after.pageInfo.endCursor === f.pageInfo.endCursor ? later.pages : [];
  });
  let last = $derived(rest.at(-1) ?? first.value);
  let nodes = $derived.by(() => [...(first.value?.nodes ?? []), ...rest.flatMap((p) => p.nodes)]);

  return {
    get value() { return first.value; },
    get failure() { return first.failure; },
    again: first.again,
    get nodes() { return nodes; },
    get more() { return last?.pageInfo.hasNextPage ?? false; },
    doing,
    async next() {
      const f = first.value;
      const cursor = last?.pageInfo.endCursor;
      if (!f || !cursor) return;
      const got = await doing.run(() => question(cursor));
      if (got) later = { after: f, pages: [...rest, got] };
    },
  };
}
