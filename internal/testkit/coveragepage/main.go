// Command coveragepage writes docs/coverage.md from what `go test -json` says on
// its standard input. `make coverage` runs it. It writes nothing while a row has no
// test, or a test fails.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/identikit/identikit/internal/testkit/coverage"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "coveragepage:", err)
		os.Exit(1)
	}
}

func run() error {
	proofs, problems, err := coverage.Read(os.Stdin)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s is left as it was:\n  %s", coverage.Page, strings.Join(problems, "\n  "))
	}
	var page bytes.Buffer
	if err := proofs.Render(&page, func(t coverage.Test) (string, error) { return coverage.Find(".", t) }); err != nil {
		return err
	}
	return os.WriteFile(coverage.Page, page.Bytes(), 0o644)
}
