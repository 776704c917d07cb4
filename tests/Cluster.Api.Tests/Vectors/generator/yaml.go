package main

import "sigs.k8s.io/yaml"

// yamlVector is a YAML text and its JSON; without JSON it is refused.
type yamlVector struct {
	YAML string `json:"yaml"`
	JSON string `json:"json,omitempty"`
}

func yamlVectors() []yamlVector {
	var vectors []yamlVector
	scalars := []string{
		"x", "1", "-1", "+1", "007", "08", "0o17", "0x1f", "0X1F", "0b101", "-0b1", "1_000", "1.5", "-1.5", "1.", ".5", "1e3", "1E3", "1e-7", "1.5e300", "0.1", "100", "1e21", "123456789012345678901234567890",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
		"yes", "Yes", "YES", "yEs", "no", "on", "off", "y", "n", "Y", "N", "true", "True", "TRUE", "tRue", "false", "null", "Null", "~", "''", `""`, "'1'", `"yes"`, "!!str 1", "!!int 1", "!!str yes",
		"2024-01-02", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05", "12:30:45", "1.2.3", "100m", "64Mi", "1k", "0.5Gi", "- ", "a: b", "-x", "+x", ".x", "1x", "0x", "0b", "1_", "_1", "e3", "1e", "@x", "`x`", "%x", "!x", "é", `"\u00e9\n\t"`, `'it''s'`, `"a\
  b"`,
	}
	for _, scalar := range scalars {
		vectors = append(vectors, yamlVectorOf("a: "+scalar+"\n"))
	}
	for _, text := range []string{
		"a: 1\nb:\n- x\n- y: 2\n  z: [1, {q: r}]\n", "a: |\n  one\n  two\n", "a: >\n  one\n  two\n\n  three\n", "a: |-\n  x\nb: |+\n  y\n\n", "a: &x {b: 1}\nc: *x\n", "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  e: 3\n",
		"1: a\n2.5: b\ntrue: c\n", "{}", "[]", "{a: 1, b: [2, 3]}", "# only a comment\n", "a:\n  b:\n    c:\n", "a: 'x'   # comment\n", "\"a b\": 1\n", "a: 1\n b: 2\n", "a: [\n", "a: {b\n", "a: *x\n", "a:\n- b\n-c\n",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations: {}\nspec:\n  containers:\n  - name: c\n    args: [\"-c\", 'echo $X']\n    command:\n    - sh\n",
	} {
		vectors = append(vectors, yamlVectorOf(text))
	}
	return vectors
}

func yamlVectorOf(text string) yamlVector {
	json, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return yamlVector{YAML: text}
	}
	return yamlVector{YAML: text, JSON: string(json)}
}
