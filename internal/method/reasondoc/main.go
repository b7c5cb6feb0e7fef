// Command reasondoc writes docs/reasons.md from the catalogue of failure reasons and the list of ID documents.
// It is run by `go generate`, and the same catalogue gives the same bytes.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/method/paper"
	"github.com/identikit/identikit/internal/method/reason"
)

func main() {
	out := flag.String("out", "", "the file to write")
	flag.Parse()
	if err := os.WriteFile(*out, page(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "reasondoc:", err)
		os.Exit(1)
	}
}

const head = `# Failure reasons

Generated from ` + "`internal/method/reason/catalogue.json`" + `; do not edit.

` + "`failure_reason`" + ` of an identification says why an attempt was ` + "`aborted`" + ` or ` + "`canceled`" + `. Of ` + "`failed`" + ` no reason is ever
disclosed. There are %d codes; ` + "`GET /v1/identification_failure_reasons`" + ` answers all of them. A provider may send a code that
is not here: it is passed on as it is, so a client must live with words it does not know.

The group says how the attempt ends: ABORTED leads to ` + "`aborted`" + `, CANCELLED to ` + "`canceled`" + `, FRAUD_SUSPICION_CONFIRMED to
` + "`failed`" + `. It is S2's for AutoIdent. S4 has no groups; for video the group is our own: CANCELLED is what a review of the call
finds, ABORTED what ends the call itself. The real provider may end a call of either kind with either.

"Permanent" means that trying again does not help; "by the user", that it lies with the customer. A dash: the guide does not say.

In the sandbox a person whose first name is ` + "`X-AUTOTEST-REASON-<CODE>`" + ` ends this way by itself, one called
` + "`X-MANUALTEST-REASON-<CODE>`" + ` after the customer's part on the page.
`

func page() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, head, len(reason.All()))
	fmt.Fprintf(&b, "\n## Video identification: `idnow` and `idnow_custom`\n\n%d codes. Source: %s.\n\n", len(reason.Of(kyc.MethodIDnow)), reason.Source(kyc.MethodIDnow))
	b.WriteString("| Code | Group | Permanent | By the user | What it means |\n|---|---|---|---|---|\n")
	for _, r := range reason.Of(kyc.MethodIDnow) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.Code, r.Group, word(r.Permanent), word(r.CausedByUser), cell(r.Description))
	}
	fmt.Fprintf(&b, "\n## AutoIdent: `idnow_autoident`\n\n%d codes. Source: %s.\n\n", len(reason.Of(kyc.MethodIDnowAutoident)), reason.Source(kyc.MethodIDnowAutoident))
	b.WriteString("| Code | Group | What it means |\n|---|---|---|\n")
	for _, r := range reason.Of(kyc.MethodIDnowAutoident) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Code, r.Group, cell(r.Description))
	}
	fmt.Fprintf(&b, proofs, len(paper.ThatShowAddress()))
	for _, d := range paper.ThatShowAddress() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", d.Document, d.Country, d.Type)
	}
	return b.Bytes()
}

const proofs = `
## When a proof of address is needed

These %d documents show their bearer's address (S4 and S2, Appendix I). With any other, announce a proof of address when you
create the identification: ` + "`proof_of_address_type`" + ` and ` + "`proof_of_address_issued_at`" + `. Else the agent of a video call asks for
one, and AutoIdent ends with ` + "`USER_INVOICE_MISSING`" + `.

| Document | Country | Type |
|---|---|---|
`

func word(b *bool) string {
	switch {
	case b == nil:
		return "–"
	case *b:
		return "yes"
	}
	return "no"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
