// The official facilitator, as its own example runs it, on a node of ours.
//
//   RPC=http://… KEY=0x… node facilitator.mjs
//
// Prints the port it listens on.
import { x402Facilitator } from "@x402/core/facilitator";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { registerExactEvmScheme } from "@x402/evm/exact/facilitator";
import express from "express";
import { createWalletClient, http, nonceManager, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";

const { RPC, KEY } = process.env;

const account = privateKeyToAccount(KEY, { nonceManager });
const wallet = createWalletClient({ account, chain: baseSepolia, transport: http(RPC) }).extend(publicActions);
const facilitator = new x402Facilitator();
registerExactEvmScheme(facilitator, {
  signer: toFacilitatorEvmSigner({ ...wallet, address: account.address }),
  networks: "eip155:84532",
});

const app = express();
app.use(express.json());
const answer = (work) => async (request, response) => {
  try {
    response.json(await work(request.body ?? {}));
  } catch (error) {
    response.status(500).json({ error: String(error?.message ?? error) });
  }
};
app.post("/verify", answer((ask) => facilitator.verify(ask.paymentPayload, ask.paymentRequirements)));
app.post("/settle", answer((ask) => facilitator.settle(ask.paymentPayload, ask.paymentRequirements)));
app.get("/supported", answer(() => facilitator.getSupported()));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
