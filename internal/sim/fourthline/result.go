package fourthline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ErrResult says that there is no such result; the error's text names those there are.
var ErrResult = errors.New("no such result")

// Accepted is the result of an archive in which all is well.
const Accepted = "accepted"

// Codes are the codes that the simulator gives of itself, and why. Those of 1004 and 1005 are the firm's, the others are
// ours, within the firm's ranges.
var Codes = map[int]string{
	acceptedCode:      "data valid",
	codeArchive:       "the archive cannot be opened",
	codeMetadata:      "the archive has no metadata, or they are not JSON",
	codePersonType:    "no person",
	codeName:          "first or last name missing",
	codeBirthDate:     "date of birth missing or no date",
	codeNationality:   "nationality missing or no country code",
	codeAddress:       "street, city, postal code or country of the address missing",
	codeContacts:      "mobile number missing",
	codeDocument:      "type or number of the document missing",
	codeExpiry:        "the document's expiration date is missing, no date, or past",
	codePictures:      "no picture of the document",
	codeSelfie:        "no selfie",
	codeNothingToShow: "the archive holds no picture at all",
}

const (
	acceptedCode      = 1000
	codeArchive       = 1001
	codeMetadata      = 1002
	codePersonType    = 1004
	codeName          = 1005
	codeBirthDate     = 1006
	codeNationality   = 1007
	codeAddress       = 1010
	codeContacts      = 1015
	codeDocument      = 1020
	codeExpiry        = 1021
	codePictures      = 1030
	codeSelfie        = 1031
	codeNothingToShow = 2001
)

// screening are the codes of a check that was completed with a note of the screening of the name.
var screening = map[int]string{
	100: "sanctions, false positive", 102: "", 110: "politically exposed, false positive", 120: "politically exposed", 130: "",
	140: "perhaps sanctions", 141: "perhaps politically exposed",
}

// endingOf reads a result as testers write it.
func endingOf(result string) (ending, error) {
	if result == Accepted {
		return ending{statusCompleted, acceptedCode}, nil
	}
	code, err := strconv.Atoi(result)
	if e, ok := endingOfCode(code); ok && err == nil && strconv.Itoa(code) == result {
		return e, nil
	}
	var numbers []string
	for _, n := range slices.Sorted(maps.Keys(screening)) {
		numbers = append(numbers, strconv.Itoa(n))
	}
	return ending{}, fmt.Errorf("%w: it must be %q (or 1000), 1001 to 1999 (data invalid), 2000 to 3999 (data inconsistent), 4000 to 5000 (fraud), or %s (accepted, with a note of the screening)",
		ErrResult, Accepted, strings.Join(numbers, ", "))
}

// endingOfCode gives a code its status.
func endingOfCode(code int) (ending, bool) {
	_, screened := screening[code]
	switch {
	case code == acceptedCode, screened, 4000 <= code && code <= 5000:
		return ending{statusCompleted, code}, true
	case 1001 <= code && code <= 1999:
		return ending{statusInvalid, code}, true
	case 2000 <= code && code <= 3999:
		return ending{statusInconsistent, code}, true
	}
	return ending{}, false
}
