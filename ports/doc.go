// Package ports is everything the application asks of the world: interfaces, the small structs in
// their signatures, and no code.
//
// Each doc comment is a list of promises; portstest holds every adapter to them. A port is written
// from the sentence a use case needs, never from what a client library offers.
package ports
