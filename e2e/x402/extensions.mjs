// Buys a resource with the unmodified official client and its extensions, and prints what came of it as one
// JSON object: the signed offer and receipt as they read them once the signature held under the seller's DID,
// the answers, and what a wallet is given that signs in before and after it has paid.
//
//   URL=http://… KEY=0x… node extensions.mjs
import { decodePaymentRequiredHeader } from "@x402/core/http";
import { registerExactEvmScheme } from "@x402/evm/exact/client";
import { validateDiscoveryExtension, validateDiscoveryExtensionSpec } from "@x402/extensions/bazaar";
import {
  extractOffersFromPaymentRequired, extractReceiptFromResponse, verifyOfferSignatureJWS, verifyReceiptMatchesOffer,
  verifyReceiptSignatureJWS,
} from "@x402/extensions/offer-receipt";
import { appendPaymentIdentifierToExtensions } from "@x402/extensions/payment-identifier";
import { wrapFetchWithSIWx } from "@x402/extensions/sign-in-with-x";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { privateKeyToAccount } from "viem/accounts";

const { URL: url, KEY } = process.env;
const signer = privateKeyToAccount(KEY);
const id = "pay_7d5d747be160e280504c099d984bcfe0";

async function pay() {
  const client = new x402Client();
  registerExactEvmScheme(client, { signer });
  client.onBeforePaymentCreation(async ({ paymentRequired }) => {
    appendPaymentIdentifierToExtensions(paymentRequired.extensions, id);
  });
  return wrapFetchWithPayment(fetch, client)(url);
}

const seen = async (answer) => ({ status: answer.status, body: await answer.text() });
const signIn = async () => seen(await wrapFetchWithSIWx(fetch, signer)(url));

const asked = decodePaymentRequiredHeader((await fetch(url)).headers.get("PAYMENT-REQUIRED"));
const listed = asked.extensions.bazaar;
const offer = await verifyOfferSignatureJWS(extractOffersFromPaymentRequired(asked)[0]);
const stranger = await signIn();
const paid = await pay();
const receipt = extractReceiptFromResponse(paid);
await verifyReceiptSignatureJWS(receipt);

console.log(JSON.stringify({
  listed: validateDiscoveryExtension(listed).valid && validateDiscoveryExtensionSpec(listed).valid,
  amount: offer.amount,
  stranger,
  paid: await seen(paid),
  receipt: verifyReceiptMatchesOffer(receipt, offer, [signer.address]),
  again: await signIn(),
  renamed: await seen(await pay()),
}));
