package postgres_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Lines of a currency are on some page, each on one, while others are booked before them: by line numbers that
// follow one another, and by such that do not.
func TestNoLineOfACurrencyIsMissedWhileOthersAreBooked(t *testing.T) {
	const yen, others = 100, 600
	for name, apart := range map[string]int{"dense": 1, "sparse": 6} {
		t.Run(name, func(t *testing.T) {
			s := open(t, migrated(t))
			shop := portstest.OpenShop(t, world(s))
			line, booked := shop.Charge(t, 1, portstest.Epoch), 0
			book := func(of money.Currency) (err error) {
				tx := line
				booked++
				tx.SourceRef, tx.BookedAt = fmt.Sprint("line ", booked), line.BookedAt.Add(time.Duration(booked)*time.Second)
				tx.Postings = slices.Clone(line.Postings)
				if tx.Postings[0].Amount, err = money.FromMinor(of, big.NewInt(1)); err != nil {
					return err
				}
				for range apart {
					if tx.OrderNo, err = s.Next(t.Context(), tx.BookedAt); err != nil {
						return err
					}
				}
				_, err = s.Book(t.Context(), tx, "")
				return err
			}
			for range yen {
				if err := errors.Join(book(money.JPY), book(money.USDT)); err != nil {
					t.Fatal(err)
				}
			}
			over := make(chan error, 1)
			go func() {
				var err error
				for range others {
					err = errors.Join(err, book(money.USDT))
				}
				over <- err
			}()
			for {
				if n := countOf(t, s, shop, money.JPY); n != yen {
					t.Fatalf("%d lines on all pages, want %d", n, yen)
				}
				select {
				case err := <-over:
					if err != nil {
						t.Fatal(err)
					}
					return
				default:
				}
			}
		})
	}
}

// countOf counts the lines of a currency that are on the pages of a statement.
func countOf(t *testing.T, s *postgres.Store, shop portstest.Shop, of money.Currency) (n int) {
	t.Helper()
	q := ports.StatementQuery{
		Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test, Currency: of.Code(), Limit: 20,
	}
	for {
		page, err := s.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Lines)
		if !page.More {
			return n
		}
		q.Before = page.Next
	}
}
