// Writes permit2-clients.json: what the official x402 clients, unmodified, send for the offers of
// permit2.json (one PAYMENT-REQUIRED before base64 a line), and the calls by which the official facilitator
// settles it.
//
//   cd $(mktemp -d) && npm init -y >/dev/null
//   npm i @x402/fetch@2.27.0 @x402/evm@2.27.0 @x402/core@2.27.0 viem@2.57.0
//   cp .../domain/x402/testdata/* . && node permit2.mjs && cp permit2-clients.json .../domain/x402/testdata/
//
// The key is the first of every development node (anvil, hardhat); nothing is worth anything there.
import { readFileSync, writeFileSync } from "node:fs";
import { encodeFunctionData } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { x402ExactPermit2ProxyABI, x402UptoPermit2ProxyABI } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";

const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
// The token answers that Permit2 may move nothing, and that no permit was used yet.
const signer = { address: account.address, signTypedData: (of) => account.signTypedData(of), readContract: async () => 0n };

const sent = [];
const calls = [];
for (const required of readFileSync("permit2.json", "utf8").trim().split("\n")) {
  const server = async (input, init) => {
    const header = new Request(input, init).headers.get("PAYMENT-SIGNATURE");
    if (header) {
      sent.push(header);
      return new Response("paid");
    }
    return new Response("{}", {
      status: 402, headers: { "PAYMENT-REQUIRED": Buffer.from(required, "utf8").toString("base64") },
    });
  };
  const client = new x402Client();
  client.register("eip155:*", new ExactEvmScheme(signer));
  client.register("eip155:*", new UptoEvmScheme(signer));
  await wrapFetchWithPayment(server, client)(JSON.parse(required).resource.url);

  const payload = JSON.parse(Buffer.from(sent.at(-1), "base64"));
  const { from, permitted, nonce, deadline, witness } = payload.payload.permit2Authorization;
  const upto = payload.accepted.scheme === "upto";
  const permit = { permitted: { token: permitted.token, amount: BigInt(permitted.amount) }, nonce: BigInt(nonce), deadline: BigInt(deadline) };
  const bound = { ...witness, validAfter: BigInt(witness.validAfter) };
  const args = upto ? [permit, 1234n, from, bound, payload.payload.signature] : [permit, from, bound, payload.payload.signature];
  const abi = upto ? x402UptoPermit2ProxyABI : x402ExactPermit2ProxyABI;
  const info = payload.extensions.eip2612GasSponsoring.info;
  const allowance = {
    value: BigInt(info.amount), deadline: BigInt(info.deadline), r: info.signature.slice(0, 66),
    s: "0x" + info.signature.slice(66, 130), v: parseInt(info.signature.slice(130), 16),
  };
  calls.push({
    settle: encodeFunctionData({ abi, functionName: "settle", args }),
    settleWithPermit: encodeFunctionData({ abi, functionName: "settleWithPermit", args: [allowance, ...args] }),
  });
}

writeFileSync("permit2-clients.json", JSON.stringify({
  signedAt: Math.floor(Date.now() / 1000), payer: account.address, sent, calls,
}, null, 2) + "\n");
