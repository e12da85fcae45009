package postgres

import (
	"errors"
	"time"
)

// Bounds of pages that are read together.
const (
	sharedPage  = 100 // items of a page that may share a read
	sharedPages = 16  // pages one read is of
)

// forever is after everything that is listed.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// errUnordered says that what is listed did not come newest first.
var errUnordered = errors.New("rows came in no order")

// alike reads pages by as many reads as they have shapes. PostgreSQL walks through them in order by itself,
// and to sort rows that are in order costs a tenth of reading them: it is told to only after it did otherwise.
func alike[K, S comparable, P any](
	asked []K, shapeOf func(K) S, read func(same []K, sorted bool) ([]P, error),
) (map[K]P, error) {
	shapes := make(map[S][]K, 1)
	for _, q := range asked {
		shape := shapeOf(q)
		shapes[shape] = append(shapes[shape], q)
	}
	found := make(map[K]P, len(asked))
	for _, same := range shapes {
		pages, err := read(same, false)
		if errors.Is(err, errUnordered) {
			pages, err = read(same, true)
		}
		if err != nil {
			return nil, err
		}
		for i, q := range same {
			found[q] = pages[i]
		}
	}
	return found, nil
}
