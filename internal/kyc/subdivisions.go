package kyc

import (
	"regexp"
	"strings"
)

// subdivisions are the codes of ISO 3166-2 without the country, for countries of
// which the table is whole; codes that were withdrawn in the last years are in it
// too. A country that is not here is checked by the form alone.
var subdivisions = map[string]string{
	"AT": " 1 2 3 4 5 6 7 8 9 ",
	"BE": " BRU VLG WAL VAN VBR VLI VOV VWV WBR WHT WLG WLX WNA ",
	"CH": " AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH ",
	"DE": " BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH ",
	"DK": " 81 82 83 84 85 ",
	"ES": " AN AR AS CB CE CL CM CN CT EX GA IB MC MD ML NC PV RI VC" +
		" A AB AL AV B BA BI BU C CA CC CO CR CS CU GC GI GR GU H HU J L LE LO LU M MA MU NA O OR OU P PM PO S SA SE SG SO SS T TE TF TO V VA VI Z ZA ",
	"FR": " 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 2A 2B 20R 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39" +
		" 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 69M 6AE 70 71 72 73 74 75 75C 76 77 78 79" +
		" 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 971 972 973 974 976" +
		" ARA BFC BRE COR CVL GES HDF IDF NAQ NOR OCC PAC PDL GP GF MQ RE YT GUA LRE MAY BL CP MF NC PF PM TF WF ",
	"IT": " 21 23 25 32 34 36 42 45 52 55 57 62 65 67 72 75 77 78 82 88" +
		" AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CI CL CN CO CR CS CT CZ EN FC FE FG FI FM FR GE GO GR IM IS" +
		" KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OG OR OT PA PC PD PE PG PI PN PO PR PT PU PV PZ RA RC RE RG RI RM RN RO" +
		" SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS TV UD VA VB VC VE VI VR VS VT VV ",
	"LI": " 01 02 03 04 05 06 07 08 09 10 11 ",
	"NL": " DR FL FR GE GR LI NB NH OV UT ZE ZH AW CW SX BQ1 BQ2 BQ3 ",
	"PL": " 02 04 06 08 10 12 14 16 18 20 22 24 26 28 30 32 DS KP LB LD LU MA MZ OP PD PK PM SK SL WN WP ZP ",
	"PT": " 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 20 30 ",
	"SE": " AB AC BD C D E F G H I K M N O S T U W X Y Z ",
}

var subdivisionForm = regexp.MustCompile(`^(?:([A-Z]{2})-)?([A-Z0-9]{1,3})$`)

// KnownSubdivision tells whether code is one of ISO 3166-2, with the country in
// front or without it ("DE-BE", "BE"). The country is empty if nobody knows it.
func KnownSubdivision(country, code string) bool {
	parts := subdivisionForm.FindStringSubmatch(code)
	if parts == nil {
		return false
	}
	prefix, short := parts[1], parts[2]
	if prefix != "" && (!KnownCountry(prefix) || country != "" && prefix != country) {
		return false
	}
	if country == "" {
		country = prefix
	}
	table, whole := subdivisions[country]
	return !whole || strings.Contains(table, " "+short+" ")
}
