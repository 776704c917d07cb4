package main

import (
	"fmt"
	"math/rand"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// quantityVector is a text and what Go makes of it.
type quantityVector struct {
	Text      string `json:"text"`
	Canonical string `json:"canonical,omitempty"`
	// Value and Milli are left out where Go's own do not fit (it wraps around) or are of a negative number it rounds wrongly.
	Value *int64 `json:"value,omitempty"`
	Milli *int64 `json:"milli,omitempty"`
	Error string `json:"error,omitempty"`
	// Added and Sum: the canonical text of the quantity plus another.
	Added string `json:"added,omitempty"`
	Sum   string `json:"sum,omitempty"`
}

func quantityVectors() []quantityVector {
	texts := []string{
		"", "0", "00", "-0", "+0", "0Ki", "0m", "1", "+1", "-1", "01", "1.", ".1", "1.0", "1.5", "1.50", "1.500", "1.5000", "0.5", "0.500", "-0.5", ".", "-", "+",
		"1k", "1K", "1ki", "1Ki", "1KI", "1M", "1Mi", "1G", "1Gi", "1T", "1Ti", "1P", "1Pi", "1E", "1Ei", "1e", "1m", "1u", "1n", "1.1n", "0.1n", "1nn", "1mm", "m", "Ki",
		"1e3", "1E3", "1e+3", "1e-3", "1e0", "1e1", "1e2", "1e-1", "1e-9", "1e-10", "1.5e3", "12e6", "1e18", "1e3m", "1e3.5", "1 ", " 1", "1 Ki", "0x10", "1,5", "1..5", "--1", "+-1",
		"1000", "1000m", "1000k", "1024", "1024Ki", "1023Ki", "1025Ki", "512", "1.5Ki", "1.5Mi", "1.5Gi", "0.5Ki", "0.1Ki", "1.3Mi", "0.001Gi", "64Mi", "128Mi", "100Mi", "+5Ki", "05Ki", "-5Ki", "-1.5Gi",
		"9223372036854775807", "9223372036854775808", "9223372036854775807Ki", "99999999999999999999", "123456789012345678", "1234567890123456789", "1234567890123456.789",
		"100000000000000000000Ei", "7Ei", "8Ei", "9Ei", "1.0000000001", "1.0000000000000000001", "999999999999999999n", "1000000000000000001n", "3.14159265358979", "1100m", "2500u", "1500000n", "-1500m", "-1u",
	}
	random := rand.New(rand.NewSource(1))
	suffixes := []string{"", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-3", "e1", "E6"}
	for i := 0; i < 400; i++ {
		text := fmt.Sprint(random.Intn(1 << uint(1+random.Intn(30))))
		if random.Intn(3) == 0 {
			text += fmt.Sprintf(".%d", random.Intn(5000))
		}
		if random.Intn(8) == 0 {
			text = "-" + text
		}
		texts = append(texts, text+suffixes[random.Intn(len(suffixes))])
	}
	var vectors []quantityVector
	for i, text := range texts {
		vectors = append(vectors, quantityVectorOf(text, texts[(i*7+3)%len(texts)]))
	}
	return vectors
}

func quantityVectorOf(text, other string) quantityVector {
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return quantityVector{Text: text, Error: err.Error()}
	}
	vector := quantityVector{Text: text, Canonical: quantity.String()}
	if quantity.CmpInt64(1<<53) < 0 && quantity.CmpInt64(-(1<<53)) > 0 && (quantity.Sign() >= 0 || !strings.Contains(text, "i")) {
		value, milli := quantity.Value(), quantity.MilliValue()
		vector.Value, vector.Milli = &value, &milli
	}
	if added, err := resource.ParseQuantity(other); err == nil {
		sum := quantity.DeepCopy()
		sum.Add(added)
		vector.Added, vector.Sum = other, sum.String()
	}
	return vector
}
