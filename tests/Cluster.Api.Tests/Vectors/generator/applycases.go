package main

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// An applied or updated body in short: "manager apply", "manager force", "manager update", with "/status" for the subresource.
type shortStep struct{ who, body string }

type applyCase struct {
	name  string
	gvk   schema.GroupVersionKind
	steps []shortStep
}

var (
	configMapKind  = schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	podKind        = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	serviceKind    = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	nodeKind       = schema.GroupVersionKind{Version: "v1", Kind: "Node"}
	secretKind     = schema.GroupVersionKind{Version: "v1", Kind: "Secret"}
	deploymentKind = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	replicaSetKind = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "ReplicaSet"}
	roleKind       = schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}
	sliceKind      = schema.GroupVersionKind{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}
)

func cm(rest string) string      { return object(configMapKind, rest) }
func pods(rest string) string    { return object(podKind, rest) }
func svc(rest string) string     { return object(serviceKind, rest) }
func deploys(rest string) string { return object(deploymentKind, rest) }

func object(gvk schema.GroupVersionKind, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	meta := `"metadata":{"name":"x","namespace":"n"}`
	if strings.Contains(rest, `,"metadata":`) {
		meta = ""
		rest = strings.Replace(rest, `,"metadata":{`, `,"metadata":{"name":"x","namespace":"n",`, 1)
		return fmt.Sprintf(`{"apiVersion":"%s","kind":"%s"%s}`, gvk.GroupVersion(), gvk.Kind, rest)
	}
	return fmt.Sprintf(`{"apiVersion":"%s","kind":"%s",%s%s}`, gvk.GroupVersion(), gvk.Kind, meta, rest)
}

// container is a deployment with containers.
func containers(list string) string {
	return deploys(`"spec":{"template":{"spec":{"containers":[` + list + `]}}}`)
}

const fullDeployment = `"metadata":{"labels":{"a":"1","b":"2"},"annotations":{"x":"y"}},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"x"}},` +
	`"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},"template":{"metadata":{"labels":{"app":"x"}},` +
	`"spec":{"containers":[{"name":"c1","image":"i1","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"},{"containerPort":443,"name":"tls"}],` +
	`"env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"args":["a","b"],"resources":{"limits":{"cpu":"1","memory":"1Gi"}}},` +
	`{"name":"c2","image":"i2","volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","emptyDir":{}},{"name":"w","configMap":{"name":"m"}}],` +
	`"tolerations":[{"key":"t"}],"nodeSelector":{"k":"v"},"securityContext":{"runAsUser":5},"imagePullSecrets":[{"name":"s1"},{"name":"s2"}],` +
	`"hostAliases":[{"ip":"1.2.3.4","hostnames":["a"]}],"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]}}}`

var applyCases = []applyCase{
	{"create by update", configMapKind, []shortStep{{"m update", cm(`"data":{"a":"1","b":""},"immutable":true`)}}},
	{"create by apply", configMapKind, []shortStep{{"m apply", cm(`"data":{"a":"1"}`)}, {"m apply", cm(`"data":{"a":"1"}`)}}},
	{"create full deployment", deploymentKind, []shortStep{{"m update", deploys(fullDeployment)}, {"m update", deploys(fullDeployment)}}},
	{"apply full deployment", deploymentKind, []shortStep{{"m apply", deploys(fullDeployment)}, {"m apply", deploys(fullDeployment)}}},
	{"apply over update", deploymentKind, []shortStep{{"u update", deploys(fullDeployment)}, {"m apply", deploys(fullDeployment)}}},
	{"apply then drop all", deploymentKind, []shortStep{{"m apply", deploys(fullDeployment)}, {"m apply", deploys("")}}},
	{"conflict with update", configMapKind, []shortStep{{"u update", cm(`"data":{"a":"1","b":"2"}`)}, {"m apply", cm(`"data":{"a":"2"}`)},
		{"m apply", cm(`"data":{"a":"2","b":"3"}`)}, {"m force", cm(`"data":{"a":"2","b":"3"}`)}, {"u update", cm(`"data":{"a":"2"}`)}}},
	{"conflict with apply", configMapKind, []shortStep{{"a apply", cm(`"data":{"a":"1"}`)}, {"b apply", cm(`"data":{"a":"2"}`)}, {"b force", cm(`"data":{"a":"2"}`)},
		{"a apply", cm(`"data":{"a":"1"}`)}, {"a apply", cm(`"data":{"a":"2"}`)}, {"b apply", cm(``)}, {"a apply", cm(``)}}},
	{"conflict with three", configMapKind, []shortStep{{"a update", cm(`"data":{"a":"1"}`)}, {"b update", cm(`"data":{"a":"1","b":"1"}`)},
		{"c apply", cm(`"data":{"c":"1"}`)}, {"d apply", cm(`"data":{"a":"2","b":"2","c":"2"}`)}}},
	{"conflict with subresource", deploymentKind, []shortStep{{"a update", deploys("")}, {"a update/status", deploys(`"status":{"replicas":1,"readyReplicas":1}`)},
		{"b apply/status", deploys(`"status":{"replicas":2}`)}, {"b force/status", deploys(`"status":{"replicas":2}`)}, {"b apply", deploys(`"status":{"replicas":7},"spec":{"replicas":2}`)}}},
	{"shared ownership", configMapKind, []shortStep{{"a apply", cm(`"data":{"k":"1","l":"1"}`)}, {"b apply", cm(`"data":{"k":"1"}`)}, {"a apply", cm(`"data":{"l":"1"}`)}, {"b apply", cm(``)}}},
	{"removal gives way to update", configMapKind, []shortStep{{"a apply", cm(`"data":{"k":"1","l":"1"}`)}, {"u update", cm(`"data":{"k":"2","l":"1"}`)}, {"a apply", cm(`"data":{"l":"1"}`)}}},
	{"update removes what was applied", configMapKind, []shortStep{{"a apply", cm(`"data":{"k":"1","l":"1"}`)}, {"u update", cm(`"data":{"l":"1"}`)}, {"a apply", cm(`"data":{"k":"1","l":"1"}`)}}},
	{"before first apply", configMapKind, []shortStep{{"u update", cm(`"data":{"k":"1"}`)}, {"u update", cm(`"metadata":{"managedFields":[{}]},"data":{"k":"1"}`)},
		{"u update", cm(`"data":{"k":"2"}`)}, {"m apply", cm(`"data":{"k":"3"}`)}, {"m force", cm(`"data":{"k":"3"}`)}, {"m apply", cm(`"data":{"k":"3"}`)}}},
	{"reset by empty list", configMapKind, []shortStep{{"u update", cm(`"data":{"k":"1"}`)}, {"u update", cm(`"metadata":{"managedFields":[]},"data":{"k":"1"}`)}, {"m apply", cm(`"data":{"l":"3"}`)}}},
	{"null is no reset", configMapKind, []shortStep{{"u update", cm(`"data":{"k":"1"}`)}, {"u update", cm(`"metadata":{"managedFields":null},"data":{"k":"1"}`)}}},
	{"client sends managers", configMapKind, []shortStep{{"u update", cm(`"data":{"k":"1","l":"1"}`)},
		{"u update", cm(`"metadata":{"managedFields":[{"manager":"z","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:l":{}, "f:k":{}}}}]},"data":{"k":"1","l":"1"}`)},
		{"z apply", cm(`"data":{"k":"1"}`)}}},
	{"client sends bad managers", configMapKind, []shortStep{{"u update", cm(`"data":{"k":"1","l":"1"}`)},
		{"v update", cm(`"metadata":{"managedFields":[{"manager":"z","operation":"Guess","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{}}]},"data":{"k":"2","l":"1"}`)},
		{"v update", cm(`"metadata":{"managedFields":[{"manager":"z","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV2","fieldsV1":{}}]},"data":{"k":"3","l":"1"}`)},
		{"v update", cm(`"metadata":{"managedFields":[{"manager":"z","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"f:data":{}}}]},"data":{"k":"4","l":"1"}`)}}},
	{"managers of an old version", deploymentKind, []shortStep{{"u update", deploys(`"spec":{"replicas":1}`)},
		{"u update", deploys(`"metadata":{"managedFields":[{"manager":"z","operation":"Update","apiVersion":"apps/v9","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]},"spec":{"replicas":1}`)},
		{"m apply", deploys(`"spec":{"replicas":2}`)}}},
	{"managed fields in a patch", configMapKind, []shortStep{{"m apply", cm(`"metadata":{"managedFields":[{"manager":"z"}]}`)}}},
	{"another kind", configMapKind, []shortStep{{"m apply", svc("")}, {"m apply", deploys("")}, {"m apply", `{"kind":"ConfigMap","metadata":{"name":"x"}}`}, {"m apply", `{"metadata":{"name":"x"}}`}}},
	{"unknown fields", deploymentKind, []shortStep{{"m apply", deploys(`"spec":{"replica":1}`)}, {"m apply", deploys(`"specs":{}`)}, {"m apply", `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"y"},"spec":{"template":{"foo":1}}}`},
		{"m apply", containers(`{"name":"a","nam":1}`)}}},
	{"wrong types", deploymentKind, []shortStep{{"m apply", deploys(`"spec":{"replicas":"1"}`)}, {"m apply", deploys(`"spec":{"paused":"yes"}`)}, {"m apply", deploys(`"spec":{"paused":1}`)},
		{"m apply", deploys(`"spec":[]`)}, {"m apply", deploys(`"spec":"s"`)}, {"m apply", deploys(`"spec":{"template":{"spec":{"containers":{}}}}`)}, {"m apply", deploys(`"spec":{"template":{"spec":{"containers":{"a":1}}}}`)},
		{"m apply", deploys(`"spec":{"template":{"spec":{"nodeName":5}}}`)}, {"m apply", deploys(`"spec":{"template":{"spec":{"nodeName":true}}}`)}, {"m apply", deploys(`"spec":{"template":{"spec":{"nodeName":["a"]}}}`)},
		{"m apply", deploys(`"spec":{"template":{"spec":{"nodeName":{"a":"b"}}}}`)}, {"m apply", deploys(`"spec":{"template":{"spec":{"nodeName":1.5}}}`)},
		{"m apply", deploys(`"metadata":{"labels":{"a":1}}`)}, {"m apply", deploys(`"spec":{"strategy":{"rollingUpdate":{"maxSurge":{"a":1}}}}`)},
		{"m apply", deploys(`"spec":{"replicas":{"a":1}}`)}, {"m apply", deploys(`"spec":{"replicas":["a"]}`)}, {"m apply", deploys(`"spec":{"replicas":true}`)},
		{"m apply", containers(`"a"`)}, {"m apply", containers(`null`)}, {"m apply", containers(`{"image":"i"}`)}, {"m apply", containers(`{"name":"a","args":["a",1]}`)},
		{"m apply", containers(`{"name":"a","env":[{"value":"1"}]}`)}, {"m apply", containers(`{"name":"a","env":[{"name":"A","value":1}]}`)}}},
	{"duplicates in a patch", deploymentKind, []shortStep{{"m apply", containers(`{"name":"a"},{"name":"a"}`)}, {"m apply", containers(`{"name":"a","env":[{"name":"A"},{"name":"A","value":"1"}]}`)},
		{"m apply", containers(`{"name":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"TCP"}]}`)}, {"m apply", deploys(`"metadata":{"finalizers":["a/b","a/b"]}`)}}},
	{"duplicates in the object", deploymentKind, []shortStep{{"u update", containers(`{"name":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"2"},{"name":"B","value":"3"}]}`)},
		{"m apply", containers(`{"name":"a","env":[{"name":"C","value":"1"}]}`)}, {"m apply", containers(`{"name":"a","env":[{"name":"A","value":"1"}]}`)}, {"m force", containers(`{"name":"a","env":[{"name":"A","value":"1"}]}`)},
		{"u update", containers(`{"name":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"3"},{"name":"B","value":"3"},{"name":"B","value":"4"}]}`)},
		{"v update", containers(`{"name":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"4"},{"name":"B","value":"3"}]}`)}, {"m apply", containers(`{"name":"a"}`)}}},
	{"ports with default keys", deploymentKind, []shortStep{{"m apply", containers(`{"name":"a","ports":[{"containerPort":80,"name":"web"},{"containerPort":53,"protocol":"UDP"}]}`)},
		{"n apply", containers(`{"name":"a","ports":[{"containerPort":80,"protocol":"TCP","hostPort":8}]}`)}, {"u update", containers(`{"name":"a","ports":[{"containerPort":80,"protocol":"TCP","name":"web"},{"containerPort":53,"protocol":"UDP"}]}`)},
		{"m apply", containers(`{"name":"a","ports":[{"containerPort":53,"protocol":"UDP"}]}`)}}},
	{"order of lists", deploymentKind, []shortStep{{"a apply", containers(`{"name":"a"},{"name":"b"},{"name":"c"}`)}, {"b apply", containers(`{"name":"c"},{"name":"d"},{"name":"a"}`)},
		{"a apply", containers(`{"name":"c"},{"name":"b"},{"name":"a"},{"name":"e"}`)}, {"c apply", containers(`{"name":"z"}`)}, {"b apply", containers(`{"name":"a"}`)}, {"a apply", containers(`{"name":"e"},{"name":"a"}`)}}},
	{"nested ownership keeps an element", deploymentKind, []shortStep{{"a apply", containers(`{"name":"a","image":"i","env":[{"name":"A","value":"1"}]}`)},
		{"b apply", containers(`{"name":"a","env":[{"name":"B","value":"1"}]}`)}, {"a apply", deploys("")}, {"b apply", deploys("")}}},
	{"owner of a field inside by update", deploymentKind, []shortStep{{"a apply", containers(`{"name":"a","image":"i"}`)}, {"u update", containers(`{"name":"a","image":"i","env":[{"name":"B","value":"1"}]}`)}, {"a apply", deploys("")}}},
	{"finalizers are a set", configMapKind, []shortStep{{"a apply", cm(`"metadata":{"finalizers":["x/1","x/2"]}`)}, {"b apply", cm(`"metadata":{"finalizers":["x/3","x/1"]}`)}, {"a apply", cm(`"metadata":{"finalizers":["x/2"]}`)}, {"b apply", cm(``)}}},
	{"owner references by uid", configMapKind, []shortStep{{"a apply", cm(`"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"k","uid":"1"}]}`)},
		{"b apply", cm(`"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"l","uid":"1"},{"apiVersion":"v1","kind":"K","name":"m","uid":"2"}]}`)}, {"b force", cm(`"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"l","uid":"1"},{"apiVersion":"v1","kind":"K","name":"m","uid":"2"}]}`)},
		{"a apply", cm(``)}, {"b apply", cm(``)}}},
	{"atomic maps and lists", deploymentKind, []shortStep{{"a apply", deploys(`"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"nodeSelector":{"a":"b"},"tolerations":[{"key":"a"}]}}}`)},
		{"b apply", deploys(`"spec":{"selector":{"matchLabels":{"c":"d"}}}`)}, {"b force", deploys(`"spec":{"selector":{"matchLabels":{"c":"d"}},"template":{"spec":{"nodeSelector":{"c":"d"},"tolerations":[]}}}`)},
		{"a apply", deploys(`"spec":{"template":{"spec":{"tolerations":[{"key":"a"}]}}}`)}, {"b apply", deploys(``)}, {"a apply", deploys(``)}}},
	{"service selector and ports", serviceKind, []shortStep{{"a apply", svc(`"spec":{"selector":{"a":"b"},"ports":[{"port":80,"targetPort":8080},{"port":53,"protocol":"UDP","targetPort":"dns"}]}`)},
		{"u update", svc(`"spec":{"selector":{"a":"b"},"type":"ClusterIP","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80,"protocol":"TCP","targetPort":8080},{"port":53,"protocol":"UDP","targetPort":"dns"}]}`)},
		{"a apply", svc(`"spec":{"selector":{"a":"c"},"ports":[{"port":80,"targetPort":8081}]}`)}, {"b apply", svc(`"spec":{"ports":[{"port":80,"name":"web"}]}`)}, {"a apply", svc(`"spec":{"selector":{"a":"c"}}`)}}},
	{"nulls in a patch", configMapKind, []shortStep{{"a apply", cm(`"data":{"a":"1"}`)}, {"a apply", cm(`"data":null`)}, {"b apply", cm(`"data":{"a":null}`)}, {"c apply", cm(`"metadata":{"labels":null},"data":{}`)}}},
	{"empty values", deploymentKind, []shortStep{{"a apply", deploys(`"spec":{"template":{"spec":{"securityContext":{},"volumes":[{"name":"v","emptyDir":{}}]}}}`)},
		{"b apply", deploys(`"spec":{"template":{"spec":{"securityContext":{"runAsUser":1},"nodeName":"","volumes":[]}}}`)}, {"a apply", deploys(`"spec":{"template":{"spec":{"securityContext":{}}}}`)}, {"b apply", deploys(``)}}},
	{"quantities", podKind, []shortStep{{"a apply", pods(`"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1000m","memory":"1024Mi"}}}]}`)},
		{"a apply", pods(`"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1000m","memory":"1024Mi"}}}]}`)}, {"b apply", pods(`"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1"}}}]}`)}, {"b apply", pods(`"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":1}}}]}`)}}},
	{"int or string", deploymentKind, []shortStep{{"a apply", deploys(`"spec":{"strategy":{"rollingUpdate":{"maxSurge":1}}}`)}, {"b apply", deploys(`"spec":{"strategy":{"rollingUpdate":{"maxSurge":"1"}}}`)}, {"b force", deploys(`"spec":{"strategy":{"rollingUpdate":{"maxSurge":"10%"}}}`)}}},
	{"kubectl goes over to apply", deploymentKind, []shortStep{
		{"kubectl-client-side-apply update", deploys(`"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"x\",\"namespace\":\"n\"},\"spec\":{\"replicas\":3,\"paused\":true}}"}},"spec":{"replicas":3,"paused":true}`)},
		{"kubectl apply", deploys(`"spec":{"replicas":4}`)}, {"kubectl apply", deploys(`"metadata":{"annotations":{"a":"<b>"}},"spec":{"replicas":4}`)}, {"other apply", deploys(`"spec":{"replicas":5}`)}}},
	{"kubectl goes over, but others changed it", deploymentKind, []shortStep{
		{"kubectl-client-side-apply update", deploys(`"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"x\",\"namespace\":\"n\"},\"spec\":{\"replicas\":3,\"paused\":true}}"}},"spec":{"replicas":3,"paused":true}`)},
		{"hpa update", deploys(`"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"x\",\"namespace\":\"n\"},\"spec\":{\"replicas\":3,\"paused\":true}}"}},"spec":{"replicas":5,"paused":true}`)},
		{"kubectl apply", deploys(`"spec":{"replicas":4,"paused":false}`)}, {"kubectl force", deploys(`"spec":{"replicas":4,"paused":false}`)}}},
	{"last applied of another version", deploymentKind, []shortStep{
		{"u update", deploys(`"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"apps/v1beta1\",\"spec\":{\"replicas\":3}}"}},"spec":{"replicas":3}`)}, {"kubectl apply", deploys(`"spec":{"replicas":4}`)}}},
	{"last applied that is no object", deploymentKind, []shortStep{
		{"u update", deploys(`"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"nonsense"}},"spec":{"replicas":3}`)}, {"kubectl apply", deploys(`"spec":{"replicas":4}`)}}},
	{"status of a pod", podKind, []shortStep{{"u update", pods(`"spec":{"containers":[{"name":"c","image":"i"}]}`)}, {"kubelet update/status", pods(`"spec":{"containers":[{"name":"c","image":"j"}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastProbeTime":null},{"type":"Initialized","status":"True"}],"podIPs":[{"ip":"1.1.1.1"}]}`)},
		{"kubelet update/status", pods(`"spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"},{"type":"Initialized","status":"True"}],"podIPs":[{"ip":"1.1.1.1"}]}`)},
		{"other apply/status", pods(`"status":{"conditions":[{"type":"Mine","status":"True"}]}`)}, {"u update", pods(`"spec":{"containers":[{"name":"c","image":"k"}]},"status":{"phase":"Failed"}`)}}},
	{"node addresses and taints", nodeKind, []shortStep{{"a update", object(nodeKind, `"spec":{"taints":[{"key":"a","effect":"NoSchedule"}],"podCIDRs":["1.0.0.0/8"]},"status":{"addresses":[{"type":"InternalIP","address":"1"},{"type":"Hostname","address":"h"}],"capacity":{"cpu":"4"}}`)},
		{"b apply", object(nodeKind, `"metadata":{"labels":{"a":"b"}},"spec":{"taints":[{"key":"a","effect":"NoSchedule"}],"podCIDRs":["1.0.0.0/8"]}`)}, {"b apply", object(nodeKind, `"spec":{"podCIDRs":["1.0.0.0/8","2.0.0.0/8"]}`)}}},
	{"secret data", secretKind, []shortStep{{"a apply", object(secretKind, `"data":{"a":"AQI="},"stringData":{"b":"c"}`)}, {"b apply", object(secretKind, `"data":{"a":"AQM="}`)}, {"u update", object(secretKind, `"data":{"a":"AQI=","c":"AQ=="}`)}}},
	{"roles", roleKind, []shortStep{{"a apply", object(roleKind, `"rules":[{"verbs":["get"],"resources":["pods"],"apiGroups":[""]}]`)}, {"b apply", object(roleKind, `"rules":[{"verbs":["list"],"resources":["pods"],"apiGroups":[""]}]`)}, {"b apply", object(roleKind, `"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}`)}}},
	{"endpoint slices", sliceKind, []shortStep{{"a apply", object(sliceKind, `"addressType":"IPv4","endpoints":[{"addresses":["1.1.1.1"],"conditions":{"ready":true}}],"ports":[{"name":"","port":80}]`)}, {"b update", object(sliceKind, `"addressType":"IPv4","endpoints":[{"addresses":["1.1.1.2"],"conditions":{"ready":true}}],"ports":[{"name":"","port":80}]`)}, {"a apply", object(sliceKind, `"addressType":"IPv4"`)}}},
	{"odd names", configMapKind, []shortStep{{"a b/\"c\"\\<é> apply", cm(`"metadata":{"labels":{"a.b/c":"1"},"annotations":{"<&>\"\\é\u2028":"1"},"finalizers":["a<b/c\"d"]},"data":{"a:b":"1",".":"2","f:x":"3"}`)}, {"u update", cm(`"data":{"a:b":"2",".":"2"}`)}}},
	{"many updaters", configMapKind, manyUpdaters()},
	{"volumes", podKind, []shortStep{{"a apply", pods(`"spec":{"volumes":[{"name":"v","emptyDir":{}},{"name":"p","projected":{"sources":[{"configMap":{"name":"m"}}]}}]}`)}, {"b apply", pods(`"spec":{"volumes":[{"name":"v","emptyDir":{"medium":"Memory"}}]}`)}, {"c apply", pods(`"spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}`)}, {"a apply", pods(``)}}},
	{"probes and affinity", podKind, []shortStep{{"a apply", pods(`"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"Exists"}]}]}}},"containers":[{"name":"c","livenessProbe":{"httpGet":{"port":80,"httpHeaders":[{"name":"a","value":"b"}]},"periodSeconds":5}}]}`)},
		{"b apply", pods(`"spec":{"affinity":{"podAffinity":{}},"containers":[{"name":"c","livenessProbe":{"httpGet":{"port":"http"},"timeoutSeconds":2}}]}`)}, {"b force", pods(`"spec":{"affinity":{"podAffinity":{}},"containers":[{"name":"c","livenessProbe":{"httpGet":{"port":"http"},"timeoutSeconds":2}}]}`)}, {"a apply", pods(`"spec":{"containers":[{"name":"c"}]}`)}}},
}

func manyUpdaters() []shortStep {
	steps := []shortStep{{"a apply", cm(`"data":{"z":"1"}`)}}
	data := `"z":"1"`
	for i := range 14 {
		data += fmt.Sprintf(`,"k%d":"1"`, i)
		steps = append(steps, shortStep{fmt.Sprintf("u%d update", i), cm(`"data":{` + data + `}`)})
	}
	return append(steps, shortStep{"u3 update", cm(`"data":{"z":"2"}`)})
}

func applyVectors() []applyVector {
	var vectors []applyVector
	for _, c := range applyCases {
		h := newHistory(c.name, c.gvk)
		for _, s := range c.steps {
			h.run(stepOf(s))
		}
		vectors = append(vectors, h.vector)
	}
	return append(vectors, randomHistories()...)
}

func stepOf(s shortStep) applyStep {
	at := strings.LastIndex(s.who, " ")
	op, subresource, _ := strings.Cut(s.who[at+1:], "/")
	step := applyStep{Op: op, Manager: s.who[:at], Subresource: subresource, Force: op == "force", Body: s.body, Reset: []string{"status"}}
	if step.Force {
		step.Op = "apply"
	}
	if subresource == "status" {
		step.Reset = []string{"spec", "metadata.ownerReferences"}
	}
	return step
}
