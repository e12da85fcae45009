// Package crash kills the gateway and its PostgreSQL by SIGKILL, again and again, while clients work
// on it, and then asks whether everything they were told is still true. Of several gateways on one
// database it kills one at a time, has it stand still, or cuts it off from the database.
//
// It owns the clients, what they were told, the receiver of their webhooks, the killing, and the
// judgement. It does not own the audit (the gateway's own command) nor the starting of processes
// (package rig, adapters/pgembed).
//
// Invariants: every choice follows from a seed, which is printed; PostgreSQL runs with the settings
// of production, syncing on; a client notes an answer before he asks for anything else; the same
// judgement that passes the gateway has to condemn each planted bug (PLANT=1).
//
// kill -9 says nothing about power cuts: what a process has written survives it, synced or not.
package crash
