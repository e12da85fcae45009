import assert from "node:assert/strict";
import { test } from "node:test";
import { countries, country } from "../src/lib/countries";

test("every country is there once, by name, in each language", () => {
  for (const language of ["en", "ja", "zh"]) {
    const list = countries(language);
    assert.equal(list.length, 249);
    assert.equal(new Set(list.map((c) => c.code)).size, list.length);
    for (const c of list) assert.match(c.code, /^[A-Z]{2}$/);
  }
  assert.ok(countries("en").findIndex((c) => c.name === "Japan") < countries("en").findIndex((c) => c.name === "Kenya"));
});

test("a country nobody chose has no name", () => {
  assert.equal(country("", "en"), "");
  assert.equal(country("JP", "en"), "Japan");
});
