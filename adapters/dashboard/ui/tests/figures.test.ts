import assert from "node:assert/strict";
import { test } from "node:test";
import { conversion, daysBetween, volumes } from "../src/lib/figures";

const days = daysBetween("2026-02-27", "2026-03-02");

test("every day between two is there once", () => {
  assert.deepEqual(days, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
});

test("volume is summed by currency and day, less what was undone", () => {
  const on = (day: string, currency: string, kind: string, amount: string) => ({ day, currency, kind, amount });
  assert.deepEqual(volumes([
    on("2026-02-28", "USDT", "PAYMENT", "0.1"), on("2026-02-28", "USDT", "X402", "0.2"),
    on("2026-03-02", "USDT", "PAYMENT", "1000"), on("2026-03-02", "USDT", "REVERSAL", "0.5"),
    on("2026-03-01", "ETH", "PAYMENT", "2"),
  ], days), [
    { currency: "ETH", total: "2", amounts: ["0", "0", "2", "0"], heights: [0, 0, 2, 0] },
    { currency: "USDT", total: "999.8", amounts: ["0", "0.3", "0", "999.5"], heights: [0, 0.3, 0, 999.5] },
  ]);
});

test("conversion counts days without payments too", () => {
  assert.deepEqual(conversion([{ day: "2026-03-01", created: 4, paid: 3 }], days), {
    opened: [0, 0, 4, 0], settled: [0, 0, 3, 0], created: 4, paid: 3,
  });
});
