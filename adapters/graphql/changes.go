package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/domain/member"
)

// Changes tells what may be new in a project until its subscriber leaves.
func (s subscriptions) Changes(ctx context.Context, project string, mode Mode) (<-chan *Change, error) {
	who, err := s.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	out := make(chan *Change)
	news := s.Follower.Follow(ctx, who)
	go func() {
		defer close(out)
		for kind := range news {
			change := &Change{Kind: ChangeKind(strings.ToUpper(string(kind))), At: s.Clock.Now().UTC()}
			select {
			case out <- change:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}
