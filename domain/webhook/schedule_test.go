package webhook

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestNativeScheduleGivesUpAfterNineAttempts(t *testing.T) {
	want := []time.Duration{
		5 * time.Second, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour,
		6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	for failed, wait := range want {
		at, again := NativeSchedule().Next(failed+1, 0, noon, 0)
		if !again || at.Sub(noon) != wait {
			t.Errorf("after %d failures: wait %v (again %v), want %v", failed+1, at.Sub(noon), again, wait)
		}
	}
	for _, failed := range []int{-1, 0, 9, 10} {
		if at, again := NativeSchedule().Next(failed, time.Minute, noon, 0); again || !at.IsZero() {
			t.Errorf("after %d failures another attempt follows at %v", failed, at)
		}
	}
}

func TestReceiversMayAskForMoreTimeButNotMuch(t *testing.T) {
	for _, c := range []struct {
		failed           int
		retryAfter, want time.Duration
	}{
		{1, time.Second, 5 * time.Second}, // the schedule is longer
		{1, 90 * time.Second, 90 * time.Second},
		{1, 365 * 24 * time.Hour, time.Hour}, // no more than an hour
		{5, time.Hour, 3 * time.Hour},
		{5, 24 * time.Hour, 3 * time.Hour}, // the cap is on the header, not on the schedule
		{1, -time.Hour, 5 * time.Second},
	} {
		if at, _ := NativeSchedule().Next(c.failed, c.retryAfter, noon, 0); at.Sub(noon) != c.want {
			t.Errorf("failure %d asking for %v: wait %v, want %v", c.failed, c.retryAfter, at.Sub(noon), c.want)
		}
	}
}

func TestJitterAddsAtMostATenth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		failed := rapid.IntRange(1, 8).Draw(t, "failed")
		jitter := rapid.IntRange(-5, JitterSteps+5).Draw(t, "jitter")
		plain, _ := NativeSchedule().Next(failed, 0, noon, 0)
		at, again := NativeSchedule().Next(failed, 0, noon, jitter)
		wait := plain.Sub(noon)
		if !again || at.Before(plain) || at.Sub(noon) >= wait+wait/10 {
			t.Fatalf("wait %v became %v", wait, at.Sub(noon))
		}
	})
	most, _ := NativeSchedule().Next(4, 0, noon, JitterSteps-1)
	if most.Sub(noon) < time.Hour+5*time.Minute {
		t.Errorf("the largest jitter makes an hour %v: it does not spread", most.Sub(noon))
	}
}
