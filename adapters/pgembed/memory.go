package pgembed

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// What PostgreSQL keeps of its tables in memory of its own. What it chooses by itself, however large the
// machine, is the least; a tenth of a machine that runs a gateway beside it is missed by nobody.
const (
	leastBuffers  = 128 << 20 // bytes
	mostBuffers   = 1 << 30
	partOfMachine = 10
)

// Where Linux says how much memory there is: of the machine, and of the container a process is in.
const (
	machineFile   = "/proc/meminfo"
	containerFile = "/sys/fs/cgroup/memory.max"
)

// buffers is the setting for a machine, or nothing where PostgreSQL's own choice is as good.
func buffers(memory uint64) []string {
	size := min(memory/partOfMachine, mostBuffers)
	if size <= leastBuffers {
		return nil
	}
	return []string{fmt.Sprintf("shared_buffers=%dMB", size>>20)}
}

// memory is how many bytes there are for all that runs here, 0 where nobody tells.
func memory() uint64 {
	machine, err := os.ReadFile(machineFile)
	if err != nil {
		return 0
	}
	container, err := os.ReadFile(containerFile)
	if err != nil {
		return memoryOf(string(machine), "")
	}
	return memoryOf(string(machine), string(container))
}

// memoryOf reads what the machine and the container say, of which the less counts.
func memoryOf(machine, container string) uint64 {
	most := uint64(math.MaxUint64)
	if n, err := strconv.ParseUint(strings.TrimSpace(container), 10, 64); err == nil { // "max" is no number
		most = n
	}
	for line := range strings.Lines(machine) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			n, err := strconv.ParseUint(fields[1], 10, 54) // what is left of 64 bits once it is bytes
			if err != nil {
				return 0
			}
			return min(n<<10, most)
		}
	}
	return 0
}
