package bolt

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"drawbridge/store"
)

// guard runs fn and turns a panic of bbolt into ErrCorrupt. bbolt reads the file
// through a memory map and trusts what it finds: a damaged page makes it panic,
// and a page that cannot be read (a bad sector, a file cut short by somebody
// else) raises a fault, which SetPanicOnFault makes a panic too. Neither may
// end the process: the data plane goes on with the program it has.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("%w: %w", store.ErrCorrupt, p)
		default:
			err = fmt.Errorf("%w: %v", store.ErrCorrupt, p)
		}
	}()
	return fn()
}
