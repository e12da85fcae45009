// Compiles contracts/src into contracts/artifacts, which are committed so that nobody needs a
// compiler to run the tests.
//
//   npm --prefix e2e run contracts          write the artifacts
//   npm --prefix e2e run contracts:check    fail if they are not what the sources say
//
// The same sources and compiler give the same bytes on every machine: paths and metadata hashes are
// kept out of them.
import { createRequire } from "node:module";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(here, "..", "e2e", "package.json"));
const solc = require("solc");

const sourceDir = join(here, "src");
const artifactDir = join(here, "artifacts");
const check = process.argv.includes("--check");

const sources = {};
for (const name of readdirSync(sourceDir).filter((n) => n.endsWith(".sol")).sort()) {
  sources[name] = { content: readFileSync(join(sourceDir, name), "utf8") };
}

const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources,
      settings: {
        evmVersion: "paris",
        optimizer: { enabled: true, runs: 200 },
        metadata: { bytecodeHash: "none", appendCBOR: false },
        outputSelection: {
          "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.methodIdentifiers"] },
        },
      },
    }),
  ),
);

// Warnings stop the build too, except the one about a declared answer that is never set: that is
// what TetherToken is about.
const unsetAnswer = "6321";
const problems = (output.errors ?? []).filter((e) => e.errorCode !== unsetAnswer);
if (problems.length > 0) {
  console.error(problems.map((e) => e.formattedMessage).join("\n"));
  process.exit(1);
}

const artifacts = new Map();
for (const [file, contracts] of Object.entries(output.contracts)) {
  for (const [name, contract] of Object.entries(contracts)) {
    if (contract.evm.bytecode.object === "") continue; // an interface
    const artifact = {
      contract: name,
      source: file,
      compiler: solc.version(),
      abi: contract.abi,
      selectors: contract.evm.methodIdentifiers,
      bytecode: "0x" + contract.evm.bytecode.object,
      deployedBytecode: "0x" + contract.evm.deployedBytecode.object,
    };
    artifacts.set(name + ".json", JSON.stringify(artifact, null, 2) + "\n");
  }
}

mkdirSync(artifactDir, { recursive: true });
const present = readdirSync(artifactDir);
const stale = present.filter((name) => !artifacts.has(name));
for (const [name, text] of artifacts) {
  if (!present.includes(name) || readFileSync(join(artifactDir, name), "utf8") !== text) stale.push(name);
}
if (check && stale.length > 0) {
  console.error(`contracts: not what the sources say: ${stale.join(", ")} (npm --prefix e2e run contracts)`);
  process.exit(1);
}
if (!check) {
  for (const name of present) if (!artifacts.has(name)) rmSync(join(artifactDir, name));
  for (const [name, text] of artifacts) writeFileSync(join(artifactDir, name), text);
}
console.log(`contracts: ${artifacts.size} artifacts ${check ? "are up to date" : "written"}`);
