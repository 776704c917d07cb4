package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"sort"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

const fullService = `"metadata":{"labels":{"a":"1","b":"2"},"finalizers":["x/1","x/2"]},"spec":{"type":"NodePort","selector":{"app":"x"},"clusterIPs":["10.0.0.1"],` +
	`"ports":[{"name":"a","port":80,"protocol":"TCP","targetPort":8080},{"name":"b","port":80,"protocol":"UDP","targetPort":"web"},{"name":"c","port":443,"protocol":"TCP"}],` +
	`"sessionAffinityConfig":{"clientIP":{"timeoutSeconds":5}},"externalIPs":["1.1.1.1"]}`

const fullConfigMap = `"metadata":{"labels":{"a":"1","b":"2"},"annotations":{"x":"y"},"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"k","uid":"1"},{"apiVersion":"v1","kind":"K","name":"l","uid":"2"}]},` +
	`"data":{"a":"1","b":"2","c":"3"},"binaryData":{"d":"AQI="}`

// randomHistories lets several managers apply and update random parts of one full object.
func randomHistories() []applyVector {
	random := rand.New(rand.NewSource(7))
	universes := []struct {
		gvk  schema.GroupVersionKind
		rest string
		n    int
	}{{configMapKind, fullConfigMap, 60}, {serviceKind, fullService, 60}, {deploymentKind, fullDeployment, 60}}
	var vectors []applyVector
	for _, u := range universes {
		full := parse(object(u.gvk, u.rest)).Object
		for i := range u.n {
			h := newHistory(fmt.Sprintf("random %s %d", u.gvk.Kind, i), u.gvk)
			for range 4 + random.Intn(3) {
				h.run(randomStep(random, h, full))
			}
			vectors = append(vectors, h.vector)
		}
	}
	return vectors
}

func randomStep(random *rand.Rand, h *history, full map[string]any) applyStep {
	body := deepCopy(full)
	op := []string{"apply", "apply", "force", "update"}[random.Intn(4)]
	if op == "update" && len(h.vector.Steps) > 0 && random.Intn(3) > 0 {
		// A change of what is there, with managedFields sent back as clients do.
		check(json.Unmarshal(toJSON(h.live), &body))
		prune(random, body, 8, 12)
	} else {
		prune(random, body, 2, 6)
	}
	manager := fmt.Sprintf("m%d", random.Intn(3))
	return stepOf(shortStep{manager + " " + op, text(body)})
}

func deepCopy(object map[string]any) map[string]any {
	copied := map[string]any{}
	check(json.Unmarshal([]byte(text(object)), &copied))
	return copied
}

// Keys of list elements, and what makes an object what it is: these stay as they are.
var keyNames = map[string]bool{"name": true, "namespace": true, "uid": true, "containerPort": true, "port": true, "protocol": true, "mountPath": true, "apiVersion": true,
	"kind": true, "metadata": true, "ip": true, "topologyKey": true, "whenUnsatisfiable": true, "managedFields": true, "creationTimestamp": true}

// prune drops one in drop of what is in a tree and changes one in change of its texts and numbers.
func prune(random *rand.Rand, node any, drop, change int) any {
	switch value := node.(type) {
	case map[string]any:
		for _, key := range sortedKeys(value) {
			if keyNames[key] && key != "metadata" {
				continue
			}
			if key != "metadata" && random.Intn(drop) == 0 {
				delete(value, key)
				continue
			}
			value[key] = prune(random, value[key], drop, change)
			// Protobuf tells no empty list from none, and this one is written always: null where Go, which got it as JSON, has [].
			if list, ok := value[key].([]any); ok && key == "containers" && len(list) == 0 {
				delete(value, key)
			}
		}
		return value
	case []any:
		kept := []any{}
		for _, item := range value {
			if random.Intn(drop) > 0 {
				kept = append(kept, prune(random, item, drop, change))
			}
		}
		if random.Intn(3) == 0 {
			random.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		}
		return kept
	case string:
		if random.Intn(change) == 0 && value != "AQI=" && value != "1Gi" && value != "1" {
			return value + fmt.Sprint(random.Intn(2))
		}
	case float64:
		if random.Intn(change) == 0 {
			return value + float64(random.Intn(2))
		}
	}
	return node
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
