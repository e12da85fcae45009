package webhook

import "time"

// Schedule is how long to wait after each failed attempt of a round. After the attempt that follows
// the last wait the delivery has failed.
type Schedule []time.Duration

// NativeSchedule is the native dialect's schedule (decision 19): nine attempts over two days.
func NativeSchedule() Schedule {
	return Schedule{
		5 * time.Second, 5 * time.Minute, 15 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
}

const (
	// maxRetryAfter bounds how long a receiver may put us off: a header must not silence news of
	// money for days.
	maxRetryAfter = time.Hour
	// JitterSteps is how finely jitter is drawn.
	JitterSteps = 1000
	// jitterShare is the part of a wait that jitter may add: a tenth. It never takes away, because a
	// receiver may have named the earliest moment he wants to hear from us.
	jitterShare = 10
)

// Next answers when to try again after a number of failed attempts in this round, or false when the
// round is over. retryAfter is what the receiver asked for, 0 if nothing; jitter is a random number
// in [0, JitterSteps), so that endpoints that failed together do not come back together.
func (s Schedule) Next(
	failed int, retryAfter time.Duration, now time.Time, jitter int,
) (at time.Time, again bool) {
	if failed < 1 || failed > len(s) {
		return time.Time{}, false
	}
	wait := max(s[failed-1], min(retryAfter, maxRetryAfter))
	jitter = min(max(jitter, 0), JitterSteps-1)
	return now.Add(wait + wait/jitterShare*time.Duration(jitter)/JitterSteps), true
}
