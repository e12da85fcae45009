package main

import "testing"

// A document that cannot be shown stops the start, so it is found here.
func TestEveryDocumentCanBeShown(t *testing.T) {
	if _, err := documentation("https://pay.example"); err != nil {
		t.Fatal(err)
	}
}
