// What the charts of the overview show, from what the gateway counted. Sums stay exact text; only the
// height of a bar is a number.
import { add, day, grouped } from "./format";

type Volume = { day: string; currency: string; kind: string; amount: string };
type Opened = { day: string; created: number; paid: number };

export function daysBetween(from: string, to: string): string[] {
  const out: string[] = [];
  for (let at = new Date(from); day(at) <= to; at = new Date(at.getTime() + 86_400_000)) out.push(day(at));
  return out;
}

export type CurrencyVolume = { currency: string; total: string; amounts: string[]; heights: number[] };

// volumes sums what was booked by currency and day, less what was undone.
export function volumes(volume: readonly Volume[], days: string[]): CurrencyVolume[] {
  const byCurrency = new Map<string, Map<string, string>>();
  for (const v of volume) {
    const byDay = byCurrency.get(v.currency) ?? new Map<string, string>();
    byCurrency.set(v.currency, byDay);
    byDay.set(v.day, add(byDay.get(v.day) ?? "0", v.kind === "REVERSAL" ? `-${v.amount}` : v.amount));
  }
  return [...byCurrency].sort(([a], [b]) => a.localeCompare(b)).map(([currency, byDay]) => {
    const amounts = days.map((d) => byDay.get(d) ?? "0");
    return {
      currency,
      total: grouped(amounts.reduce(add, "0")),
      amounts: amounts.map(grouped),
      heights: amounts.map(Number),
    };
  });
}

// conversion counts what was opened and what of it was paid.
export function conversion(opened: readonly Opened[], days: string[]) {
  const byDay = new Map(opened.map((o) => [o.day, o]));
  const each = days.map((d) => byDay.get(d));
  return {
    opened: each.map((o) => o?.created ?? 0),
    settled: each.map((o) => o?.paid ?? 0),
    created: opened.reduce((n, o) => n + o.created, 0),
    paid: opened.reduce((n, o) => n + o.paid, 0),
  };
}
