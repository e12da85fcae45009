// An Express server that sells GET /weather by the official middleware of a version, and has payments
// verified and settled by a facilitator.
//
//   VERSION=1|2 [SCHEME=upto USED=…] FACILITATOR=http://… TOKEN=… PAY_TO=0x… node server.mjs
//
// Prints the port it listens on.
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import { paymentMiddleware, setSettlementOverrides, x402ResourceServer } from "@x402/express";
import express from "express";
import { paymentMiddleware as paymentMiddlewareV1 } from "x402-express";

const { VERSION, FACILITATOR: url, TOKEN, PAY_TO: payTo, SCHEME = "exact", USED } = process.env;

const authorization = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
const facilitator = {
  url,
  createAuthHeaders: async () => ({
    verify: authorization, settle: authorization, supported: authorization, list: authorization,
  }),
};

const app = express();
app.use(
  VERSION === "1"
    ? paymentMiddlewareV1(payTo, { "GET /weather": { price: "$0.01", network: "base-sepolia" } }, facilitator)
    : paymentMiddleware(
        {
          "GET /weather": {
            accepts: { scheme: SCHEME, price: "$0.01", network: "eip155:84532", payTo },
            description: "The weather",
          },
        },
        new x402ResourceServer(new HTTPFacilitatorClient(facilitator))
          .register("eip155:84532", new ExactEvmScheme())
          .register("eip155:84532", new UptoEvmScheme()),
      ),
);
app.get("/weather", (_, answer) => {
  if (USED) {
    setSettlementOverrides(answer, { amount: USED });
  }
  answer.json({ weather: "sunny" });
});
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
