package hosted

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed words/*.json
var wordFiles embed.FS

// locale is one language the page speaks.
type locale struct {
	Code  string // in paths: /en/checkout/…
	Lang  string // in markup
	Name  string // of the language, in itself
	date  string // layout of a date with a time in UTC
	words map[string]string
}

// locales lists the languages; the first serves whoever speaks none of them.
var locales = []*locale{
	speak("en", "en", "2 Jan 2006, 15:04 UTC"),
	speak("ja", "ja", "2006年1月2日 15:04 UTC"),
	speak("zh", "zh-Hans", "2006年1月2日 15:04 UTC"),
}

var matcher = language.NewMatcher([]language.Tag{
	language.English, language.Japanese, language.Chinese,
})

func speak(code, lang, date string) *locale {
	text, err := wordFiles.ReadFile("words/" + code + ".json")
	if err != nil {
		panic("hosted: " + err.Error())
	}
	l := &locale{Code: code, Lang: lang, date: date}
	if err := json.Unmarshal(text, &l.words); err != nil {
		panic("hosted: words of " + code + ": " + err.Error())
	}
	l.Name = l.words["language"]
	return l
}

// named is the locale a path names. A language we do not speak is English, not an error: the link
// came from a shop that guessed.
func named(code string) *locale {
	for _, l := range locales {
		if l.Code == code {
			return l
		}
	}
	return locales[0]
}

// preferred is the locale a browser asks for.
func preferred(acceptLanguage string) *locale {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return locales[0]
	}
	_, i, _ := matcher.Match(tags...)
	return locales[i]
}

// say is a text with its {names} filled in from pairs of name and value. An unknown key is an
// error of ours and ends the rendering.
func (l *locale) say(key string, pairs ...string) (string, error) {
	text, ok := l.words[key]
	if !ok {
		return "", fmt.Errorf("no word %q in %s", key, l.Code)
	}
	return fill(text, pairs), nil
}

// rich is say for sentences with **emphasis**. Text and values are escaped; what is emphasised is a
// figure or a name that no browser may translate.
func (l *locale) rich(key string, pairs ...string) (template.HTML, error) {
	text, ok := l.words[key]
	if !ok {
		return "", fmt.Errorf("no word %q in %s", key, l.Code)
	}
	text = template.HTMLEscapeString(text)
	for at := 0; strings.Contains(text, "**"); at++ {
		tag := `<strong translate="no"><bdi>`
		if at%2 == 1 {
			tag = `</bdi></strong>`
		}
		text = strings.Replace(text, "**", tag, 1)
	}
	escaped := make([]string, len(pairs))
	for i, p := range pairs {
		escaped[i] = template.HTMLEscapeString(p)
	}
	return template.HTML(fill(text, escaped)), nil //nolint:gosec // every part was escaped above
}

// fill replaces all names in one pass, so that a value that looks like a name stays a value.
func fill(text string, pairs []string) string {
	braced := make([]string, len(pairs))
	for i, p := range pairs {
		braced[i] = p
		if i%2 == 0 {
			braced[i] = "{" + p + "}"
		}
	}
	return strings.NewReplacer(braced...).Replace(text)
}

// moment prints a time for people, in UTC; the script turns it into the reader's own time.
func (l *locale) moment(t time.Time) string { return t.UTC().Format(l.date) }
