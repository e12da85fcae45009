package hdkey

import (
	"github.com/101pay/101pay/domain/fault"
)

// Faults of keys. None of them repeats what was pasted.
var (
	// ErrPrivateKey refuses what could spend money.
	ErrPrivateKey = fault.New(fault.Invalid, "private_key_refused",
		"this is a PRIVATE key or a recovery phrase: whoever has it can take the money. It was not stored. "+
			"Never paste it anywhere; if this connection or machine is not yours alone, move the money to a new wallet now. "+
			"What is needed here is the account's extended PUBLIC key, which begins with xpub").About("xpub")
	ErrInvalidKey = fault.New(fault.Invalid, "invalid_extended_key",
		"xpub must be the extended public key of an account, copied whole: 111 characters beginning with xpub").About("xpub")
	ErrWrongLevel = fault.New(fault.Invalid, "wrong_key_level",
		"xpub must be the key of an account, m/44'/60'/0' (EVM) or m/44'/195'/0' (Tron)").About("xpub")
)

// xpub is the version of extended public keys of wallets that derive by BIP44.
const xpub = 0x0488B21E

// private are the versions of extended private keys: xprv, yprv, zprv, Yprv, Zprv, tprv, uprv, vprv,
// Ltpv, dgpv.
var private = map[uint32]bool{
	0x0488ADE4: true, 0x049D7878: true, 0x04B2430C: true, 0x0295B005: true, 0x02AA7A99: true,
	0x04358394: true, 0x044A4E28: true, 0x045F18BC: true, 0x019D9CFE: true, 0x02FAC398: true,
}

// foreign are extended public keys of other purposes, by what wallets call them.
var foreign = map[uint32]string{
	0x049D7CB2: "ypub", 0x04B24746: "zpub", 0x0295B43F: "Ypub", 0x02AA7ED3: "Zpub",
	0x043587CF: "tpub", 0x044A5262: "upub", 0x045F1CF6: "vpub", 0x019DA462: "Ltub", 0x02FACAFD: "dgub",
}

func otherVersion(v uint32) string {
	name, known := foreign[v]
	if !known {
		return "this extended key is of a kind nobody here knows; export the one that begins with xpub"
	}
	return "a " + name + " is a key for Bitcoin, Litecoin, Dogecoin or a test network; " +
		"export the account of your Ethereum or TRON wallet, whose key begins with xpub"
}

// otherDepth says which level to export instead of the one that was pasted.
func otherDepth(depth byte) string {
	const right = "; export the account, one level that begins with m/44'/60'/0' (EVM) or m/44'/195'/0' (Tron)"
	switch {
	case depth == 0:
		return "this is the key of the whole wallet (level 0), which gives away every account in it" + right
	case depth < accountDepth:
		return "this key is above the account level, so it gives away other accounts too" + right
	case depth == accountDepth+1:
		return "this key is one level below the account (it ends in /0 or /1), and addresses derived from it are " +
			"not those your wallet shows" + right
	}
	return "this is the key of a single address, from which no others follow" + right
}
