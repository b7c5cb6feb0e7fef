package kyc

import (
	"regexp"
	"strings"
	"sync"
)

// The arithmetic of check digits. All of these take numbers of ASCII digits;
// whoever calls has looked at the form.

// numberRule is how the numbers of one country are checked: form is a regular
// expression for the whole of it without blanks, dots, hyphens and slashes; check
// is nil where there is no check digit, or none that can be relied on.
type numberRule struct {
	form  string
	check func(number string) bool
}

// plainNumber takes away what people write between the groups of a number.
var plainNumber = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")

func last(s string) int { return int(s[len(s)-1] - '0') }

// weigh adds up the digits, each times its weight; digits without one are left out.
func weigh(s string, weights ...int) int {
	sum := 0
	for n, w := range weights {
		if n < len(s) {
			sum += w * int(s[n]-'0')
		}
	}
	return sum
}

// divisible is the rule that the weighted sum, the check digit's included, is a
// multiple of m. Where m is a prime larger than the digits and the weights are no
// multiples of it, no single wrong digit goes unseen.
func divisible(m int, weights ...int) func(string) bool {
	return func(s string) bool { return weigh(s, weights...)%m == 0 }
}

// remainder is the number modulo m, however long it is.
func remainder(s string, m int) int {
	r := 0
	for _, d := range s {
		r = (10*r + int(d-'0')) % m
	}
	return r
}

// luhn is ISO/IEC 7812-1.
func luhn(s string) bool {
	sum := 0
	for n := range len(s) {
		d := int(s[len(s)-1-n] - '0')
		if n%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum%10 == 0
}

// iso11and10 is the hybrid system MOD 11,10 of ISO/IEC 7064.
func iso11and10(s string) bool {
	p := 10
	for n := range len(s) - 1 {
		if p = (p + int(s[n]-'0')) % 10; p == 0 {
			p = 10
		}
		p = 2 * p % 11
	}
	return (p+last(s))%10 == 1
}

// twoTries takes the sum of the first weights modulo 11, and of the second ones
// if that is 10; and 0 if it is 10 again.
func twoTries(first, second []int) func(string) bool {
	return func(s string) bool {
		body := s[:len(s)-1]
		r := weigh(body, first...) % 11
		if r == 10 {
			r = weigh(body, second...) % 11
		}
		return r%10 == last(s)
	}
}

// verhoeff is the scheme of that name: the dihedral group D5.
func verhoeff(s string) bool {
	c := 0
	for n := range len(s) {
		c = dihedral[c][permuted[n%8][s[len(s)-1-n]-'0']]
	}
	return c == 0
}

var (
	dihedral = [10][10]int{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
		{4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
		{8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	permuted = [8][10]int{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// Numbers that a country uses for taxes of persons and of their businesses.

// spanishNumber checks NIF, NIE and CIF by their last character.
func spanishNumber(s string) bool {
	const letters, companies = "TRWAGMYFPDXBNJZSQVHLCKE", "JABCDEFGHI"
	first, body, end := s[0], s[1:len(s)-1], s[len(s)-1]
	switch {
	case digit(rune(first)):
		return letters[remainder(s[:len(s)-1], 23)] == end
	case 'X' <= first && first <= 'Z':
		return letters[remainder(string('0'+first-'X')+body, 23)] == end
	case 'K' <= first && first <= 'M':
		return letters[remainder(body, 23)] == end
	}
	for c := range 10 {
		if luhn(body + string(rune('0'+c))) {
			return end == byte('0'+c) || end == companies[c]
		}
	}
	return false
}

// irishNumber checks the letter after seven digits; a second letter counts too.
func irishNumber(s string) bool {
	sum := weigh(s[:7], 8, 7, 6, 5, 4, 3, 2)
	if len(s) == 9 && s[8] != 'W' {
		sum += 9 * int(s[8]-'A'+1)
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == s[7]
}

// oddPlaces are the values of the characters in odd places of Italian and
// Cypriot numbers: of A to Z; 0 to 9 have those of A to J.
var oddPlaces = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// oddEven checks a last letter that stands for the sum modulo 26.
func oddEven(s string) bool {
	sum := 0
	for n := range len(s) - 1 {
		v := int(s[n] - 'A')
		if digit(rune(s[n])) {
			v = int(s[n] - '0')
		}
		if n%2 == 0 {
			v = oddPlaces[v]
		}
		sum += v
	}
	return byte('A'+sum%26) == s[len(s)-1]
}

// dutchNumber is the eleven-test of the citizen number.
var dutchNumber = divisible(11, 9, 8, 7, 6, 5, 4, 3, 2, -1)

// portugueseNumber has a check digit 0 where 10 would be due.
func portugueseNumber(s string) bool {
	return (11-weigh(s, 9, 8, 7, 6, 5, 4, 3, 2)%11)%11%10 == last(s)
}

// greekNumber is the AFM.
func greekNumber(s string) bool { return weigh(s, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == last(s) }

// austrianNumber adds 4 for a VAT number and nothing for a tax number.
func austrianNumber(start int) func(string) bool {
	return func(s string) bool {
		sum := start
		for n := range len(s) - 1 {
			d := int(s[n] - '0')
			if n%2 == 1 {
				d *= 2
			}
			sum += d/10 + d%10
		}
		return (sum+last(s))%10 == 0
	}
}

// birthNumber is the number of birth of Czechia and Slovakia: nine digits have no
// check digit; ten are a multiple of 11, or once ended in 0 where 10 was due.
func birthNumber(s string) bool {
	return len(s) == 9 || remainder(s, 11) == 0 || remainder(s[:9], 11) == 10 && s[9] == '0'
}

// baltic are the weights of the personal codes of Estonia and Lithuania, and of
// Lithuania's VAT numbers.
var baltic = twoTries([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2}, []int{3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4})

// polishNumber is the NIP.
var polishNumber = divisible(11, 6, 5, 7, 2, 3, 4, 5, 6, 7, -1)

// slovenianNumber has 0 where 10 would be due; 11 is never given out.
func slovenianNumber(s string) bool {
	r := 11 - weigh(s, 8, 7, 6, 5, 4, 3, 2)%11
	return r != 11 && r%10 == last(s)
}

// compiledRule is a numberRule whose form is compiled when it is first needed:
// most countries' never are, and all of them together take 0.2 MB.
type compiledRule struct {
	form  func() *regexp.Regexp
	check func(string) bool
}

func compile(rules map[string]numberRule) map[string]compiledRule {
	ready := make(map[string]compiledRule, len(rules))
	for country, r := range rules {
		form := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + r.form + `)$`) })
		ready[country] = compiledRule{form, r.check}
	}
	return ready
}

func (r compiledRule) fits(number string) bool {
	return r.form().MatchString(number) && (r.check == nil || r.check(number))
}
