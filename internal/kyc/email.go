package kyc

import "strings"

// The longest address of RFC 5321, and the longest part before the @.
const (
	maxEmail      = 254
	maxEmailLocal = 64
	maxLabel      = 63
)

// ValidEmail tells whether s is an e-mail address as people have them: a name of
// RFC 5322's dot-atom, an @ and a host name with a dot. Latin letters with marks
// are accepted on both sides; quoted names, comments and bare IP addresses are not.
func ValidEmail(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	if !ok || len(s) > maxEmail || len(local) > maxEmailLocal {
		return false
	}
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || !latin(atom, func(r rune) bool { return digit(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) }) {
			return false
		}
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || strings.Trim(label, "-") != label ||
			!latin(label, func(r rune) bool { return digit(r) || r == '-' }) {
			return false
		}
	}
	return len(labels) > 1 && strings.ContainsFunc(labels[len(labels)-1], latinLetter)
}
