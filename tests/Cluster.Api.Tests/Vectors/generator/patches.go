package main

import (
	"encoding/json"
	"fmt"
	"math/rand"

	jsonpatch "github.com/evanphx/json-patch"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// patchVector is an object, a patch and the object after it; without a result the patch is refused.
type patchVector struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Type is "json", "merge" or "strategic".
	Type     string `json:"type"`
	Original string `json:"original"`
	Patch    string `json:"patch"`
	Result   string `json:"result,omitempty"`
	Error    string `json:"error,omitempty"`
}

const pod = `{"metadata":{"name":"p","labels":{"a":"1","b":"2"},"annotations":{"x/y":"z"},"finalizers":["f1","f2","f3"],"ownerReferences":[{"uid":"u1","name":"o1"},{"uid":"u2","name":"o2"}]},` +
	`"spec":{"nodeSelector":{"k":"v"},"tolerations":[{"key":"t"}],"volumes":[{"name":"v1","emptyDir":{}},{"name":"v2","hostPath":{"path":"/x"}}],` +
	`"containers":[{"name":"c1","image":"i1","args":["a","b"],"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81}]},{"name":"c2","image":"i2"},{"name":"c3","image":"i3"}]},"status":{}}`

const deployment = `{"metadata":{"name":"d"},"spec":{"replicas":1,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},"selector":{"matchLabels":{"a":"b"}},` +
	`"template":{"metadata":{},"spec":{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","emptyDir":{}}]}}},"status":{}}`

func patchVectors() []patchVector {
	var vectors []patchVector
	for _, patch := range strategicPodPatches {
		vectors = append(vectors, strategic("v1", "Pod", pod, patch, &corev1.Pod{}))
	}
	for _, patch := range strategicDeploymentPatches {
		vectors = append(vectors, strategic("apps/v1", "Deployment", deployment, patch, &appsv1.Deployment{}))
	}
	for _, patch := range jsonPatches {
		vectors = append(vectors, jsonPatch(pod, patch))
	}
	for _, patch := range mergePatches {
		vectors = append(vectors, mergePatch(pod, patch))
	}
	return append(vectors, randomStrategic()...)
}

// strategic patches as the API server does: the object as a map of its own making, not one parsed from text.
func strategic(apiVersion, kind, original, patch string, of any) patchVector {
	vector := patchVector{APIVersion: apiVersion, Kind: kind, Type: "strategic", Original: original, Patch: patch}
	check(json.Unmarshal([]byte(original), of))
	originalMap, err := runtime.DefaultUnstructuredConverter.ToUnstructured(of)
	check(err)
	originalText, err := json.Marshal(originalMap)
	check(err)
	vector.Original = string(originalText)
	patchMap := map[string]any{}
	if err := utiljson.Unmarshal([]byte(patch), &patchMap); err != nil {
		return patchResult(vector, nil, err)
	}
	patchedMap, err := strategicpatch.StrategicMergeMapPatch(originalMap, patchMap, of)
	if err != nil {
		return patchResult(vector, nil, err)
	}
	result, err := json.Marshal(patchedMap)
	return patchResult(vector, result, err)
}

func jsonPatch(original, patch string) patchVector {
	vector := patchVector{APIVersion: "v1", Kind: "Pod", Type: "json", Original: original, Patch: patch}
	operations, err := jsonpatch.DecodePatch([]byte(patch))
	if err != nil {
		return patchResult(vector, nil, err)
	}
	result, err := operations.Apply([]byte(original))
	return patchResult(vector, result, err)
}

func mergePatch(original, patch string) patchVector {
	result, err := jsonpatch.MergePatch([]byte(original), []byte(patch))
	return patchResult(patchVector{APIVersion: "v1", Kind: "Pod", Type: "merge", Original: original, Patch: patch}, result, err)
}

func patchResult(vector patchVector, result []byte, err error) patchVector {
	if err != nil {
		vector.Error = err.Error()
	} else {
		vector.Result = string(result)
	}
	return vector
}

// randomStrategic makes patches as kubectl does, from two objects, and applies them to a third that went its own way.
func randomStrategic() []patchVector {
	random := rand.New(rand.NewSource(2))
	var vectors []patchVector
	for i := 0; i < 300; i++ {
		before, after, live := randomPod(random), randomPod(random), randomPod(random)
		patch, err := strategicpatch.CreateTwoWayMergePatch(before, after, corev1.Pod{})
		check(err)
		if i%3 == 0 {
			live = before
		}
		vectors = append(vectors, strategic("v1", "Pod", string(live), string(patch), &corev1.Pod{}))
	}
	return vectors
}

func randomPod(random *rand.Rand) []byte {
	p := corev1.Pod{}
	p.Finalizers = randomNames(random, "f", 5)
	p.Labels = randomMap(random)
	for _, name := range randomNames(random, "c", 4) {
		c := corev1.Container{Name: name, Image: fmt.Sprint(random.Intn(3)), Args: randomNames(random, "a", 3)}
		for _, variable := range randomNames(random, "E", 4) {
			c.Env = append(c.Env, corev1.EnvVar{Name: variable, Value: fmt.Sprint(random.Intn(2))})
		}
		for _, port := range random.Perm(4)[:random.Intn(4)] {
			c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: int32(80 + port), HostPort: int32(random.Intn(2))})
		}
		p.Spec.Containers = append(p.Spec.Containers, c)
	}
	for _, name := range randomNames(random, "v", 3) {
		v := corev1.Volume{Name: name}
		if random.Intn(2) == 0 {
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		} else {
			v.HostPath = &corev1.HostPathVolumeSource{Path: fmt.Sprint(random.Intn(3))}
		}
		p.Spec.Volumes = append(p.Spec.Volumes, v)
	}
	text, err := json.Marshal(p)
	check(err)
	return text
}

func randomNames(random *rand.Rand, prefix string, most int) []string {
	var names []string
	for _, n := range random.Perm(most)[:random.Intn(most+1)] {
		names = append(names, fmt.Sprintf("%s%d", prefix, n))
	}
	return names
}

func randomMap(random *rand.Rand) map[string]string {
	m := map[string]string{}
	for _, name := range randomNames(random, "k", 4) {
		m[name] = fmt.Sprint(random.Intn(2))
	}
	return m
}
