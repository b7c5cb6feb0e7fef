// Command diagram draws the table of a method as an SVG. It is run by `go
// generate`, and the same table gives the same bytes. The picture is drawn from
// the table alone; only the places of the boxes are chosen by hand (plans.go).
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/identikit/identikit/internal/kyc"
)

func main() {
	name := flag.String("method", "", "whose table to draw")
	out := flag.String("out", "", "the file to write")
	flag.Parse()
	if err := run(kyc.Method(*name), *out); err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1)
	}
}

func run(name kyc.Method, out string) error {
	p, ok := plans[name]
	if !ok {
		return fmt.Errorf("there is no plan for the method %q", name)
	}
	d, err := layOut(p)
	if err != nil {
		return err
	}
	return os.WriteFile(out, d.svg(), 0o644)
}
