package main

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/adapters/passkeys"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/signin"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/app"
)

// gatewayName is what authenticator apps list an account of this gateway under.
func gatewayName(base publicBase) app.GatewayName {
	return app.GatewayName("101pay " + hostOf(string(base)))
}

func openPasskeys(base publicBase) (*passkeys.Gate, error) { return passkeys.New(string(base)) }

func cookieJar(c *Config) signin.Jar { return signin.Jar{Secure: c.secure()} }

// dashboard is what serves people below /dashboard, and the guard before all of it.
type dashboard struct {
	signin  *signin.API
	graphql *graphql.Service
	guard   gin.HandlerFunc
}

func dashboardSignIn(
	in app.SignIn, accounts app.Accounts, team app.Members, gate signin.Gate, jar signin.Jar, l *edge.Limiter,
) *signin.API {
	return &signin.API{
		SignIn: in, Accounts: accounts, Members: team, Gate: gate, Jar: jar, Limiter: l,
		Budgets: signin.DefaultBudgets(),
	}
}

func dashboardGuard(api *signin.API, answers *graphql.Service, base publicBase) (dashboard, error) {
	guard, err := signin.SameOrigin(string(base))
	return dashboard{signin: api, graphql: answers, guard: guard}, err
}

// membersCommand is what an operator does about people.
type membersCommand struct {
	ResetFactors resetFactorsCommand `cmd:"" help:"take all second factors of a member away, who lost them and has proved to you who he is"`
}

type resetFactorsCommand struct {
	Email string `arg:"" help:"the member's e-mail address"`
}

// Run implements the command. It needs the database alone: neither key nor network.
func (r resetFactorsCommand) Run(p process, c *Config) error {
	db, stop, err := borrowDatabase(p.ctx, c, logger(p, c))
	if err != nil {
		return err
	}
	defer stop()
	store, err := postgres.Open(p.ctx, postgres.Config{URL: db.URL, MaxConns: c.DBMaxConns})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	team := app.Members{Core: app.Core{Work: store, Clock: system.Clock{}, IDs: system.IDs{}}}
	if err := team.ResetFactors(p.ctx, r.Email); err != nil {
		return fmt.Errorf("reset factors: %w", err)
	}
	_, err = fmt.Fprintln(p.stdout, "done: the password alone opens the account now, and everybody who was signed in "+
		"to it is signed out; tell the member to set a second factor up again at once")
	return err
}
