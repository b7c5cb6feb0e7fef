package filetype_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/identikit/identikit/internal/filetype"
)

const (
	pdf  = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF"
	png  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	zip  = "PK\x03\x04\x14\x00\x00\x00"
	ole  = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00"
	exe  = "MZ\x90\x00\x03\x00\x00\x00"
	docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
)

// TestCheck: want is the type that is stored, or a part of the refusal after a "!".
func TestCheck(t *testing.T) {
	for _, c := range []struct{ head, claimed, name, want string }{
		{pdf, "application/pdf", "a.pdf", "application/pdf"},
		{pdf, "Application/PDF; x=y", "a.PDF", "application/pdf"},
		{pdf, "", "", "application/pdf"},
		{pdf, "application/octet-stream", "a", "application/pdf"},
		{pdf, "image/png", "a.pdf", "!the bytes are application/pdf"},
		{pdf, "application/pdf", "a.png", "!ends in .png"},
		{pdf, "application/pdf", "a.pdf.exe", "!.exe"},
		{pdf, "application/pdf", "a.unknown", "application/pdf"},
		{jpeg, "image/jpg", "a.JPEG", "image/jpeg"},
		{jpeg, "image/png", "", "!Content-Type"},
		{png, "image/png", "a.png", "image/png"},
		{"GIF89a\x01\x00", "image/gif", "", "image/gif"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "", "image/webp"},
		{"BM\x00\x00", "image/x-ms-bmp", "", "image/bmp"},
		{"II*\x00\x08", "image/tiff", "a.tif", "image/tiff"}, {"MM\x00*\x00", "image/tif", "a.tiff", "image/tiff"},
		{"\x00\x00\x00\x18ftypheic\x00", "image/heif", "a.heic", "image/heic"},
		{"\x00\x00\x00\x18ftypmif1\x00", "image/heic", "", "image/heic"},
		{"\x00\x00\x00\x18ftypavif\x00", "image/avif", "", "image/avif"},
		{"\x00\x00\x00\x18ftypisom\x00", "video/mp4", "a.mp4", "video/mp4"},
		{"\x00\x00\x00\x18ftypM4A \x00", "audio/mp4", "a.m4a", "audio/mp4"},
		{"\x00\x00\x00\x14ftypqt  \x00", "video/quicktime", "a.mov", "video/quicktime"},
		{"\x1aE\xdf\xa3\x01", "video/webm", "", "video/webm"},
		{"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo", "a.avi", "video/avi"},
		{"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/x-wav", "a.wav", "audio/wav"},
		{"ID3\x03\x00", "audio/mpeg", "a.mp3", "audio/mpeg"}, {"\xff\xfb\x90\x00", "audio/mp3", "", "audio/mpeg"},
		{"OggS\x00\x02", "audio/ogg", "a.ogg", "audio/ogg"},
		{zip, "application/zip", "a.zip", "application/zip"}, {zip, "application/x-zip-compressed", "", "application/zip"},
		{zip, docx, "a.docx", docx}, {zip, "application/java-archive", "", "!Content-Type"}, {zip, "", "a.jar", "!.jar"}, {zip, "", "a.docm", "!.docm"},
		{ole, "application/msword", "a.doc", "application/msword"}, {ole, "", "a.xls", "application/x-ole-storage"},
		{`{\rtf1\ansi`, "text/rtf", "a.rtf", "application/rtf"},
		{"Hello", "text/plain; charset=utf-8", "a.txt", "text/plain"}, {"a;b\n1;\xe4\n", "text/csv", "a.csv", "text/csv"},
		{`{"a":1}`, "application/json", "a.json", "application/json"}, {"\ufeffHällo", "", "", "text/plain"},
		{"\xff\xfeH\x00i\x00", "text/plain", "a.txt", "text/plain"},
		{"Hello", "application/pdf", "a.pdf", "!ends in .pdf"}, {"Hello", "image/png", "", "!the bytes are text/plain"},
		{"alert(1)", "text/javascript", "", "!Content-Type"}, {"alert(1)", "text/plain", "a.js", "!.js"}, {"del *", "", "x.BAT", "!.bat"},
		{`<?xml version="1.0"?><a/>`, "text/xml", "a.xml", "application/xml"},
		{"\ufeff\n<!-- x --><x:xbrl xmlns:x='y'>", "application/xbrl+xml", "a.xbrl", "application/xbrl+xml"},
		{"<report/>", "application/xml", "", "application/xml"},
		{`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">`, "application/xml", "", "!of no type"},
		{`<?xml version="1.0"?><!-- --><s:svg onload="x">`, "text/xml", "", "!of no type"},
		{`<?xml version="1.0"?><html>`, "text/xml", "", "!of no type"}, {`<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>`, "text/xml", "", "!of no type"},
		{`<?xml version="1.0"?><?xml-stylesheet href="x"?><a/>`, "text/xml", "", "!of no type"},
		{`<?xml version="1.0"?><!-- ` + strings.Repeat("x", filetype.Head), "text/xml", "", "!of no type"},
		{"<!DOCTYPE html><p>", "image/png", "", "!of no type"}, {"  <html>", "text/plain", "", "!of no type"}, {"<script>", "text/plain", "", "!of no type"},
		{"<svg onload=x>", "image/png", "a.png", "!of no type"}, {"<!-- x --><script>", "text/xml", "", "!of no type"}, {"<?php echo 1;", "text/plain", "", "!of no type"},
		{exe, "image/png", "a.png", "!of no type"}, {exe, "", "", "!of no type"}, {"\x7fELF\x02", "application/octet-stream", "", "!of no type"},
		{"#!/bin/sh\nrm", "text/plain", "a.txt", "!of no type"}, {"\xca\xfe\xba\xbe", "", "", "!of no type"}, {"%!PS-Adobe", "", "", "!of no type"},
		{"\x00asm\x01\x00\x00\x00", "", "", "!of no type"}, {"\x1f\x8b\x08", "application/gzip", "", "!of no type"},
		{"\x00\x01\x02\x03\x04", "application/octet-stream", "", "!of no type"},
		{"", "application/pdf", "a.pdf", "!is empty"}, {"\x00", "", "", "!of no type"}, {"<", "", "", "!of no type"}, {"I", "", "", "text/plain"},
	} {
		got, problem := filetype.Check([]byte(c.head), c.claimed, c.name)
		if part, refused := strings.CutPrefix(c.want, "!"); refused {
			if problem == "" || got != "" || !strings.Contains(problem, part) {
				t.Errorf("%q as %q named %q: %q %q, want the refusal %q", c.head, c.claimed, c.name, got, problem, part)
			}
		} else if got != c.want || problem != "" {
			t.Errorf("%q as %q named %q: %q %q, want %q", c.head, c.claimed, c.name, got, problem, c.want)
		}
	}
}

// FuzzCheck: what is taken is of a type on the list, and nothing that a browser
// runs or a double click starts is.
func FuzzCheck(f *testing.F) {
	for _, head := range []string{pdf, jpeg, zip, exe, "", "<", "<!--", "<?xml", "<a:", "<a>", "<SVG>", "\ufeff <svg/>", "text", "II*\x00"} {
		f.Add([]byte(head), "application/pdf", "a.pdf")
	}
	f.Add([]byte("x"), "text/csv; charset=\x00", "a.\xff")
	f.Fuzz(func(t *testing.T, head []byte, claimed, name string) {
		is, problem := filetype.Check(head, claimed, name)
		if (is == "") == (problem == "") {
			t.Fatalf("%q %q", is, problem)
		}
		if is == "" {
			return
		}
		if !slices.Contains(filetype.Taken(), is) {
			t.Errorf("%q is not on the list", is)
		}
		low := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
		for _, bad := range []string{"<!doctype", "<html", "<svg", "<script", "<iframe"} {
			if strings.HasPrefix(low, bad+" ") || strings.HasPrefix(low, bad+">") {
				t.Errorf("%q was taken as %q", head, is)
			}
		}
		if strings.HasPrefix(string(head), "#!") || strings.HasSuffix(strings.ToLower(name), ".exe") || strings.HasSuffix(strings.ToLower(name), ".html") {
			t.Errorf("%q named %q was taken", head, name)
		}
	})
}
