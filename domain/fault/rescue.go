package fault

import (
	"fmt"
	"runtime/debug"
)

// Rescue makes a panic of the function that defers it an error like any other: Internal, and telling the log
// where it was. It is for goroutines that work for several callers: none of them is above it to catch
// anything, and the process would end for all.
func Rescue(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}
