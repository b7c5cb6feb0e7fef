// Package filetype tells what an uploaded file is by its first bytes, and
// whether that is what its sender says. It holds the list of what is taken.
//
// It knows bytes and names of types; nothing of documents, forms or HTTP.
package filetype

import (
	"bytes"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

// Head is how many of a file's first bytes Check wants to see, if there are so many.
const Head = 4 << 10

// kind is a type of file that is taken.
type kind struct {
	is string // what is stored, and what bytes alone can tell
	// claims are other names of the same, and what says more than bytes can: text
	// that is CSV, a ZIP that is a Word document. Those of the second sort are kept.
	aliases, refined []string
	extensions       []string
}

// kinds is what is taken. Whatever is not in it is refused: markup that a browser
// runs, scripts and programs among it.
var kinds = []kind{
	{is: "application/pdf", aliases: []string{"application/x-pdf"}, extensions: []string{".pdf"}},
	{is: "image/jpeg", aliases: []string{"image/jpg", "image/pjpeg"}, extensions: []string{".jpg", ".jpeg", ".jpe"}},
	{is: "image/png", aliases: []string{"image/x-png"}, extensions: []string{".png"}},
	{is: "image/gif", extensions: []string{".gif"}},
	{is: "image/webp", extensions: []string{".webp"}},
	{is: "image/bmp", aliases: []string{"image/x-ms-bmp", "image/x-bmp"}, extensions: []string{".bmp"}},
	{is: "image/tiff", aliases: []string{"image/tif", "image/x-tiff"}, extensions: []string{".tif", ".tiff"}},
	{is: "image/heic", aliases: []string{"image/heif", "image/heic-sequence", "image/heif-sequence"}, extensions: []string{".heic", ".heif"}},
	{is: "image/avif", extensions: []string{".avif"}},
	{is: "video/mp4", aliases: []string{"video/x-m4v", "application/mp4"}, refined: []string{"audio/mp4"}, extensions: []string{".mp4", ".m4v", ".m4a"}},
	{is: "video/quicktime", extensions: []string{".mov", ".qt"}},
	{is: "video/webm", aliases: []string{"video/x-matroska"}, refined: []string{"audio/webm"}, extensions: []string{".webm", ".mkv"}},
	{is: "video/avi", aliases: []string{"video/x-msvideo", "video/vnd.avi"}, extensions: []string{".avi"}},
	{is: "audio/mpeg", aliases: []string{"audio/mp3", "audio/x-mp3"}, extensions: []string{".mp3"}},
	{is: "audio/wav", aliases: []string{"audio/wave", "audio/x-wav", "audio/vnd.wave"}, extensions: []string{".wav"}},
	{is: "application/ogg", refined: []string{"audio/ogg", "video/ogg"}, extensions: []string{".ogg", ".oga", ".ogv", ".opus"}},
	{is: "application/zip", aliases: []string{"application/x-zip-compressed", "application/x-zip"}, refined: []string{
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.presentationml.presentation",
		"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
		"application/vnd.etsi.asic-e+zip", "application/vnd.etsi.asic-s+zip",
	}, extensions: []string{".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".asice", ".asics"}},
	{is: "application/x-ole-storage", refined: []string{
		"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.ms-outlook",
	}, extensions: []string{".doc", ".xls", ".ppt", ".msg"}},
	{is: "application/rtf", aliases: []string{"text/rtf"}, extensions: []string{".rtf"}},
	{is: "application/xml", aliases: []string{"text/xml"}, refined: []string{"application/xbrl+xml", "application/xbrl-instance+xml"}, extensions: []string{".xml", ".xbrl"}},
	{is: "text/plain", refined: []string{"text/csv", "application/json", "message/rfc822"}, extensions: []string{".txt", ".csv", ".json", ".eml", ".log", ".md"}},
}

// active are the endings of files that a double click runs, or that a browser
// runs: they are refused whatever is inside, since many of them are plain text.
var active = []string{
	".htm", ".html", ".xhtml", ".xht", ".shtml", ".mhtml", ".mht", ".svg", ".svgz", ".js", ".mjs", ".jse", ".vbs", ".vbe", ".wsf", ".wsh", ".hta",
	".bat", ".cmd", ".ps1", ".psm1", ".sh", ".bash", ".zsh", ".command", ".py", ".pl", ".rb", ".php", ".jsp", ".asp", ".aspx", ".xsl", ".xslt",
	".exe", ".com", ".dll", ".scr", ".msi", ".cpl", ".jar", ".apk", ".app", ".dmg", ".deb", ".rpm", ".lnk", ".url", ".desktop", ".reg",
	".docm", ".xlsm", ".pptm", ".swf", ".wasm",
}

// Taken lists the types that are taken, as they are stored, in the order of the documentation.
func Taken() (types []string) {
	for _, k := range kinds {
		types = append(append(types, k.is), k.refined...)
	}
	return types
}

// Check says of which type a file is that begins with head (at most Head bytes),
// or what is wrong with it, in the words of the API ("is empty"). claimed is the
// type that its sender says, empty for none; name is the file's.
func Check(head []byte, claimed, name string) (contentType, problem string) {
	if len(head) == 0 {
		return "", "is empty"
	}
	ending := strings.ToLower(path.Ext(name))
	if slices.Contains(active, ending) {
		return "", "has a name that ends in " + ending + ": programs, scripts and pages are not taken"
	}
	is := sniff(head)
	n := slices.IndexFunc(kinds, func(k kind) bool { return k.is == is })
	if n < 0 {
		return "", "is of no type that is taken: send a PDF, an image, audio, video, text, XML, an office document or a ZIP"
	}
	k := kinds[n]
	if other := slices.IndexFunc(kinds, func(k kind) bool { return slices.Contains(k.extensions, ending) }); other >= 0 && other != n && !k.may(ending) {
		return "", "is not what its name says: a file that ends in " + ending + " does not hold " + is
	}
	switch claim := bare(claimed); {
	case claim == "", claim == "application/octet-stream", claim == "binary/octet-stream", claim == is, slices.Contains(k.aliases, claim):
		return is, ""
	case slices.Contains(k.refined, claim):
		return claim, ""
	}
	return "", "is not what its Content-Type says: the bytes are " + is
}

// may tells whether a file of the kind may bear an ending that is another's: text
// may look like anything that is written in letters.
func (k kind) may(ending string) bool {
	return k.is == "text/plain" && (ending == ".xml" || ending == ".xbrl") || k.is == "application/xml" && ending == ".txt"
}

// bare is a media type without its parameters, in lower case.
func bare(claimed string) string {
	kind, _, err := mime.ParseMediaType(claimed)
	if err != nil {
		kind, _, _ = strings.Cut(claimed, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// sniff tells the type by the bytes alone; "" for what is not taken.
func sniff(head []byte) string {
	for _, m := range magics {
		if len(head) >= m.at+len(m.bytes) && string(head[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.is
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), "\t\n\f\r ")
	if len(text) > 0 && text[0] == '<' {
		return markup(text)
	}
	is, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if is == "audio/wave" {
		return "audio/wav" // as everybody else calls it
	}
	return is
}

// magics are the beginnings that net/http does not know, or that must win over it.
var magics = []struct {
	at        int
	bytes, is string
}{
	{0, "II*\x00", "image/tiff"}, {0, "MM\x00*", "image/tiff"},
	{4, "ftypheic", "image/heic"}, {4, "ftypheix", "image/heic"}, {4, "ftyphevc", "image/heic"}, {4, "ftyphevx", "image/heic"},
	{4, "ftypmif1", "image/heic"}, {4, "ftypmsf1", "image/heic"}, {4, "ftypheim", "image/heic"}, {4, "ftypheis", "image/heic"},
	{4, "ftypavif", "image/avif"}, {4, "ftypavis", "image/avif"},
	{4, "ftypqt  ", "video/quicktime"}, {4, "moov", "video/quicktime"},
	{4, "ftyp", "video/mp4"},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"},
	{0, `{\rtf`, "application/rtf"},
	{0, "\xff\xfb", "audio/mpeg"}, {0, "\xff\xf3", "audio/mpeg"}, {0, "\xff\xf2", "audio/mpeg"},
	// Programs and scripts.
	{0, "#!", ""}, {0, "MZ", ""}, {0, "\x7fELF", ""}, {0, "\xca\xfe\xba\xbe", ""}, {0, "\xfe\xed\xfa", ""}, {0, "\xcf\xfa\xed\xfe", ""},
	{0, "\xce\xfa\xed\xfe", ""}, {0, "%!", ""}, {0, "dex\n", ""}, {0, "<?php", ""}, {0, "L\x00\x00\x00\x01\x14\x02\x00", ""},
}

// markup tells XML apart from what a browser would run. The root must be seen:
// what hides it behind a long prologue is refused.
func markup(text []byte) string {
	if strings.HasPrefix(http.DetectContentType(text), "text/html") {
		// net/http takes a comment for HTML. XML may begin with one, without a declaration.
		if !bytes.HasPrefix(text, []byte("<!--")) {
			return ""
		}
	}
	root, ok := rootOf(text)
	if !ok || slices.Contains([]string{"html", "svg", "script", "stylesheet", "transform", "body", "head", "iframe", "object", "embed"}, strings.ToLower(root)) {
		return ""
	}
	return "application/xml"
}

// rootOf is the local name of the first element, after declarations, comments
// and a document type; false if it is not to be seen.
func rootOf(text []byte) (string, bool) {
	for {
		text = bytes.TrimLeft(text, "\t\n\f\r ")
		end := ""
		switch {
		case bytes.HasPrefix(text, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(text, []byte("<?")):
			if bytes.HasPrefix(text, []byte("<?xml-stylesheet")) {
				return "", false
			}
			end = "?>"
		case bytes.HasPrefix(text, []byte("<")):
			name := text[1:]
			if n := bytes.IndexAny(name, "\t\n\f\r />"); n >= 0 {
				name = name[:n]
			} else {
				return "", false
			}
			if n := bytes.LastIndexByte(name, ':'); n >= 0 {
				name = name[n+1:]
			}
			return string(name), len(name) > 0 && name[0] != '!' // a document type may define anything
		default:
			return "", false
		}
		n := bytes.Index(text, []byte(end))
		if n < 0 {
			return "", false
		}
		text = text[n+len(end):]
	}
}
