// What a rule of confirmations means, in numbers people know: how long, and how much is at risk.
export type Rule = { network: string; upTo: number; confirmations: number };
export type Rail = {
  network: string; title: string; mode: string; earliestConfirmations: number | null; finalBlocks: number; finalSeconds: number;
};

// choosable are the networks where a payment can be credited early: those for real money that take their
// time.
export function choosable(rails: readonly Rail[]): Rail[] {
  return rails.filter((r) => r.mode === "LIVE" && r.earliestConfirmations !== null);
}

// secondsFor is about how long so many blocks take.
export function secondsFor(rail: Rail, blocks: number): number {
  return rail.finalBlocks ? (rail.finalSeconds / rail.finalBlocks) * blocks : 0;
}

// withRule puts a rule in its place: the one it replaces goes.
export function withRule(rules: readonly Rule[], rule: Rule, replaced: Rule | null): Rule[] {
  return sorted([...rules.filter((r) => !same(r, replaced)), rule]);
}

export function without(rules: readonly Rule[], rule: Rule): Rule[] {
  return rules.filter((r) => !same(r, rule));
}

function same(a: Rule, b: Rule | null): boolean {
  return !!b && a.network === b.network && a.upTo === b.upTo;
}

// sorted is the order in which rules read well: by network, the narrowest first.
export function sorted(rules: readonly Rule[]): Rule[] {
  return [...rules].sort((a, b) => a.network.localeCompare(b.network) || a.upTo - b.upTo);
}
