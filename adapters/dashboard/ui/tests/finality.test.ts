import assert from "node:assert/strict";
import { test } from "node:test";
import { choosable, secondsFor, sorted, without, withRule, type Rail } from "../src/lib/finality";

const ethereum: Rail = { network: "ethereum", title: "Ethereum", mode: "LIVE", earliestConfirmations: 3, finalBlocks: 64, finalSeconds: 900 };
const tron: Rail = { ...ethereum, network: "tron", earliestConfirmations: null };
const sandbox: Rail = { ...ethereum, network: "sandbox", mode: "TEST" };

test("only networks for real money that take their time can be chosen", () => {
  assert.deepEqual(choosable([tron, ethereum, sandbox]), [ethereum]);
});

test("blocks are told as time", () => {
  assert.equal(secondsFor(ethereum, 64), 900);
  assert.equal(Math.round(secondsFor(ethereum, 3)), 42);
  assert.equal(secondsFor({ ...ethereum, finalBlocks: 0 }, 3), 0);
});

test("a changed rule takes the place of the one it was, and no other", () => {
  const small = { network: "ethereum", upTo: 50, confirmations: 3 };
  const large = { network: "ethereum", upTo: 500, confirmations: 12 };
  const base = { network: "base", upTo: 50, confirmations: 10 };
  assert.deepEqual(withRule([large, small], base, null), [base, small, large]);
  assert.deepEqual(withRule([small, large], { ...small, upTo: 80 }, small), [{ ...small, upTo: 80 }, large]);
  assert.deepEqual(without([small, large, base], small), [large, base]);
  assert.deepEqual(sorted([large, base, small]), [base, small, large]);
});
