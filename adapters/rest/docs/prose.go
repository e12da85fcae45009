package docs

import (
	"regexp"
	"strings"
)

// block is a piece of a description. Descriptions are CommonMark; read is the part of it that ours
// use: headings, paragraphs, lists, fenced code, and within a line code, strong text and links.
type block struct {
	Kind  string // "heading", "text", "list", "steps", "code"
	Spans []span
	Items [][]span
	Code  sample
}

// span is a run of text.
type span struct {
	Kind string // "text", "code", "strong", "link"
	Text string
	Link string
}

// section is a heading and what stands below it.
type section struct {
	ID, Title string
	Blocks    []block
}

var (
	listMark = regexp.MustCompile(`^- +`)
	stepMark = regexp.MustCompile(`^[0-9]+\. +`)
	spanMark = regexp.MustCompile("`([^`]+)`|\\*\\*([^*]+)\\*\\*|\\[([^\\]]+)\\]\\(([^)\\s]+)\\)")
	unwanted = regexp.MustCompile(`[^a-z0-9]+`)
)

const (
	headingMark = "## "
	fenceMark   = "```"
)

// readProse reads a description.
func readProse(text string) (out []block) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		switch {
		case strings.TrimSpace(line) == "":
			i++
		case strings.HasPrefix(line, headingMark):
			out = append(out, block{Kind: "heading", Spans: readSpans(line[len(headingMark):])})
			i++
		case strings.HasPrefix(line, fenceMark):
			end := i + 1
			for end < len(lines) && !strings.HasPrefix(lines[end], fenceMark) {
				end++
			}
			code := strings.Join(lines[i+1:end], "\n")
			out = append(out, block{Kind: "code", Code: newSample(line[len(fenceMark):], code)})
			i = end + 1
		default:
			end := i + 1
			for end < len(lines) && strings.TrimSpace(lines[end]) != "" &&
				!strings.HasPrefix(lines[end], fenceMark) {
				end++
			}
			out = append(out, readParagraph(lines[i:end]))
			i = end
		}
	}
	return out
}

// readParagraph reads lines without an empty one between them: a list, or text.
func readParagraph(lines []string) block {
	for kind, mark := range map[string]*regexp.Regexp{"list": listMark, "steps": stepMark} {
		if !mark.MatchString(lines[0]) {
			continue
		}
		var items []string
		for _, line := range lines {
			if found := mark.FindString(line); found != "" {
				items = append(items, line[len(found):])
				continue
			}
			items[len(items)-1] += " " + strings.TrimSpace(line)
		}
		b := block{Kind: kind}
		for _, item := range items {
			b.Items = append(b.Items, readSpans(item))
		}
		return b
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return block{Kind: "text", Spans: readSpans(strings.Join(lines, " "))}
}

func readSpans(text string) (out []span) {
	plain := func(s string) {
		if s != "" {
			out = append(out, span{Kind: "text", Text: s})
		}
	}
	last := 0
	for _, m := range spanMark.FindAllStringSubmatchIndex(text, -1) {
		plain(text[last:m[0]])
		group := func(n int) string { return text[m[2*n]:m[2*n+1]] }
		switch {
		case m[2] >= 0:
			out = append(out, span{Kind: "code", Text: group(1)})
		case m[4] >= 0:
			out = append(out, strong(group(2))...)
		default:
			out = append(out, span{Kind: "link", Text: group(3), Link: group(4)})
		}
		last = m[1]
	}
	plain(text[last:])
	return out
}

// strong marks text; code within it stays code.
func strong(text string) (out []span) {
	for _, s := range readSpans(text) {
		if s.Kind == "text" {
			s.Kind = "strong"
		}
		out = append(out, s)
	}
	return out
}

// sections cuts prose at its headings; what stands before the first is the lead.
func sections(blocks []block) (lead []block, out []section) {
	for _, b := range blocks {
		switch {
		case b.Kind == "heading":
			title := plainText(b.Spans)
			out = append(out, section{ID: slug(title), Title: title})
		case len(out) == 0:
			lead = append(lead, b)
		default:
			out[len(out)-1].Blocks = append(out[len(out)-1].Blocks, b)
		}
	}
	return lead, out
}

func plainText(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// slug is a title as an anchor.
func slug(title string) string {
	return strings.Trim(unwanted.ReplaceAllString(strings.ToLower(title), "-"), "-")
}
