import assert from "node:assert/strict";
import { test } from "node:test";
import { add, ago, day, grouped, lasting, money, share, shortened } from "../src/lib/format";

test("separators stand between thousands and change no digit", () => {
  for (const [amount, want] of [
    ["0", "0"], ["999", "999"], ["1000", "1,000"], ["1234567.890100", "1,234,567.890100"],
    ["-12345.6", "-12,345.6"], ["0.00000000000000000001", "0.00000000000000000001"], ["soon", "soon"],
    ["123456789012345678901234567890", "123,456,789,012,345,678,901,234,567,890"],
  ] as const) assert.equal(grouped(amount), want);
});

test("money has the places of its currency, and all that are not zero", () => {
  assert.equal(money("9.9", "USDT"), "9.90 USDT");
  assert.equal(money("9", "USD"), "9.00 USD");
  assert.equal(money("9.990033", "USDT"), "9.990033 USDT");
  assert.equal(money("1500", "JPY"), "1,500 JPY");
  assert.equal(money("0.1000", "ETH"), "0.10 ETH");
});

test("sums are exact", () => {
  assert.equal(add("0.1", "0.2"), "0.3");
  assert.equal(add("9007199254740993", "0.000000000000000001"), "9007199254740993.000000000000000001");
  assert.equal(add("1.50", "-1.5"), "0");
  assert.equal(add("0.5", "-2"), "-1.5");
  assert.equal(add("10", "20"), "30");
  assert.equal(add("0", "-0.05"), "-0.05");
});

test("long identifiers keep both ends", () => {
  assert.equal(shortened("0x1234567890abcdef1234"), "0x1234…ef1234");
  assert.equal(shortened("short"), "short");
});

test("times read in the largest unit that fits", () => {
  const now = Date.parse("2026-05-17T08:00:00Z");
  // How a unit is shortened is the runtime's business, and changes with it.
  assert.match(ago("2026-05-17T07:57:00Z", now, "en"), /^3 min/);
  assert.match(ago("2026-05-17T10:00:00Z", now, "en"), /^in 2 h/);
  assert.match(ago("2026-05-14T08:00:00Z", now, "en"), /^3 day/);
  assert.match(lasting(42, "en"), /^42 s/);
  assert.match(lasting(180, "en"), /^3 m/);
  assert.match(lasting(7200, "en"), /^2 h/);
});

test("a share of nothing is no number", () => {
  assert.equal(share(0, 0, "en"), "–");
  assert.equal(share(1, 3, "en"), "33.3%");
});

test("days are counted in UTC", () => {
  assert.equal(day(new Date("2026-03-01T23:59:59Z"), 1), "2026-02-28");
});
