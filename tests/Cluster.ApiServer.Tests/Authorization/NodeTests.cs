using System.Net;
using System.Text;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Authorization;

/// <summary>What a kubelet may read and write: the Node authorizer and the admission NodeRestriction, on a whole server.</summary>
public sealed class NodeTests(ApiServerRig rig) : IClassFixture<ApiServerRig>, IAsyncLifetime
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

    private readonly ActingClient _node = new(rig, "system:node:mine", "system:nodes");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await AdminAsync("/api/v1/nodes", """{"kind":"Node","apiVersion":"v1","metadata":{"name":"other"}}""");
        foreach (var name in (string[])["env", "from", "volume", "pull", "projected", "foreign"])
            await AdminAsync("/api/v1/namespaces/default/secrets", $$$"""{"kind":"Secret","apiVersion":"v1","metadata":{"name":"{{{name}}}"}}""");
        await AdminAsync("/api/v1/namespaces/default/configmaps", """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"map"}}""");
        await AdminAsync("/api/v1/namespaces/default/serviceaccounts", """{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"unused"}}""");
        await AdminAsync(Pods, """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"mine"},"spec":{"nodeName":"mine","automountServiceAccountToken":false,"imagePullSecrets":[{"name":"pull"}],
            "containers":[{"name":"main","image":"i","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"env","key":"k"}}}],"envFrom":[{"secretRef":{"name":"from"}},{"configMapRef":{"name":"map"}}]}],
            "volumes":[{"name":"a","secret":{"secretName":"volume"}},{"name":"b","projected":{"sources":[{"secret":{"name":"projected"}}]}},{"name":"c","persistentVolumeClaim":{"claimName":"claim"}}]}}
            """);
        await AdminAsync(Pods, """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"other"},"spec":{"nodeName":"other","automountServiceAccountToken":false,
            "containers":[{"name":"main","image":"i","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"foreign","key":"k"}}}]}]}}
            """);
        await Eventually.True(async () => (await _node.SendAsync("GET", "/api/v1/namespaces/default/secrets/env")).Code == HttpStatusCode.OK);
    }

    public ValueTask DisposeAsync()
    {
        _node.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Reads_AreOfWhatItsPodsReferTo()
    {
        foreach (var path in (string[])["secrets/env", "secrets/from", "secrets/volume", "secrets/pull", "secrets/projected", "configmaps/map", "secrets?fieldSelector=metadata.name%3Denv", "pods/mine", "pods?fieldSelector=spec.nodeName%3Dmine"])
            Assert.True((await _node.SendAsync("GET", $"/api/v1/namespaces/default/{path}")).Code == HttpStatusCode.OK, path);

        await RefusedAsync("GET", "/api/v1/namespaces/default/secrets/foreign", "no relationship found between node 'mine' and this object");
        await RefusedAsync("GET", "/api/v1/namespaces/default/secrets/missing", "no relationship found between node 'mine' and this object");
        await RefusedAsync("GET", "/api/v1/namespaces/default/secrets", "No Object name found");
        await RefusedAsync("GET", "/api/v1/secrets", "can only read namespaced object of this type");
        await RefusedAsync("GET", $"{Pods}/other", "no relationship found between node 'mine' and this object");
        await RefusedAsync("GET", "/api/v1/pods", "can only list/watch pods with spec.nodeName field selector");
        await RefusedAsync("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dother", "can only list/watch pods with spec.nodeName field selector");
        await RefusedAsync("GET", "/api/v1/nodes", "node 'mine' cannot read all nodes, only its own Node object");
        await RefusedAsync("GET", "/api/v1/nodes/other", "node 'mine' cannot read 'other', only its own Node object");
        await RefusedAsync("DELETE", "/api/v1/namespaces/default/secrets/env", "can only read resources of this type");
        await RefusedAsync("GET", "/apis/apps/v1/deployments", "at the cluster scope");
    }

    [Fact]
    public async Task Writes_AreOfItsOwnNodePodsAndLease()
    {
        Assert.Equal(HttpStatusCode.Created, (await _node.SendAsync("POST", "/api/v1/nodes", """{"kind":"Node","apiVersion":"v1","metadata":{"name":"mine","labels":{"kubernetes.io/hostname":"mine","team":"a"}}}""")).Code);
        Assert.Equal(HttpStatusCode.OK, (await _node.SendAsync("PATCH", "/api/v1/nodes/mine/status", """{"status":{"phase":"Running"}}""", "application/merge-patch+json")).Code);
        Assert.Equal(HttpStatusCode.OK, (await _node.SendAsync("PATCH", $"{Pods}/mine/status", """{"status":{"reason":"Test"}}""", "application/merge-patch+json")).Code);
        Assert.Equal(HttpStatusCode.Created, (await _node.SendAsync("POST", Leases, """{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"mine"}}""")).Code);

        await RefusedAsync("PATCH", "/api/v1/nodes/other", "node \"mine\" is not allowed to modify node \"other\"", """{"metadata":{"labels":{"a":"b"}}}""");
        await RefusedAsync("PATCH", "/api/v1/nodes/mine", "node \"mine\" is not allowed to modify taints", """{"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}""");
        await RefusedAsync("PATCH", "/api/v1/nodes/mine", "node \"mine\" is not allowed to modify labels: node-restriction.kubernetes.io/a, x.k8s.io/b", """{"metadata":{"labels":{"node-restriction.kubernetes.io/a":"1","x.k8s.io/b":"1","c":"1"}}}""");
        await RefusedAsync("PATCH", $"{Pods}/other/status", "node \"mine\" can only update pod status for pods with spec.nodeName set to itself", """{"status":{"reason":"Test"}}""");
        await RefusedAsync("DELETE", $"{Pods}/other", "node \"mine\" can only delete pods with spec.nodeName set to itself");
        await RefusedAsync("POST", Leases, "can only access node lease with the same name as the requesting node", """{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"other"}}""");
        await RefusedAsync("GET", $"{Leases}/other", "can only access node lease with the same name as the requesting node");
    }

    [Fact]
    public async Task Eviction_OfAnothersPod_TakesNothingFromItsBudget()
    {
        const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
        using var admin = new ActingClient(rig, "kubernetes-admin", "system:masters");
        await AdminAsync(Pods, """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"guarded","labels":{"app":"guarded"}},"spec":{"nodeName":"other","automountServiceAccountToken":false,"containers":[{"name":"main","image":"i"}]}}""");
        await admin.SendAsync("PATCH", $"{Pods}/guarded/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", "application/merge-patch+json");
        await AdminAsync(Budgets, """{"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"guarded"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"guarded"}}}}""");
        await admin.SendAsync("PATCH", $"{Budgets}/guarded/status", """{"status":{"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2}}""", "application/merge-patch+json");

        await RefusedAsync(
            "POST", $"{Pods}/guarded/eviction", "node \"mine\" can only delete pods with spec.nodeName set to itself",
            """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"guarded","namespace":"default"}}""");

        Assert.Equal(1, (int)(await admin.SendAsync("GET", $"{Budgets}/guarded")).Body["status"]!["disruptionsAllowed"]!);
    }

    [Fact]
    public async Task Pods_ItMakes_AreMirrorsOfItsOwn()
    {
        const string Start = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"mirror-x","annotations":{A}},"spec":{"nodeName":"N","containers":[{"name":"c","image":"i"}]R}}""";
        const string Mirror = "\"kubernetes.io/config.mirror\":\"x\"";

        await RefusedAsync("POST", Pods, "pod does not have \"kubernetes.io/config.mirror\" annotation, node \"mine\" can only create mirror pods", Body("", "mine"));
        await RefusedAsync("POST", Pods, "node \"mine\" can only create pods with spec.nodeName set to itself", Body(Mirror, "other"));
        await RefusedAsync("POST", Pods, "node \"mine\" can not create pods that reference configmaps", Body(Mirror, "mine", ",\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"map\"}}]"));
        Assert.Equal(HttpStatusCode.Created, (await _node.SendAsync("POST", Pods, Body(Mirror, "mine"))).Code);

        static string Body(string annotations, string node, string rest = "") => Start
            .Replace("{A}", $"{{{annotations}}}", StringComparison.Ordinal).Replace("\"N\"", $"\"{node}\"", StringComparison.Ordinal).Replace("]R}", $"]{rest}}}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_ItAsksFor_AreBoundToItsPods()
    {
        using var admin = new ActingClient(rig, "kubernetes-admin", "system:masters");
        var uid = (string?)(await admin.SendAsync("GET", $"{Pods}/mine")).Body["metadata"]!["uid"];
        var foreign = (string?)(await admin.SendAsync("GET", $"{Pods}/other")).Body["metadata"]!["uid"];
        const string Token = "/api/v1/namespaces/default/serviceaccounts/default/token";

        Assert.Equal(HttpStatusCode.Created, (await _node.SendAsync("POST", Token, Request("mine", uid))).Code);
        await RefusedAsync("POST", Token, "node requested token not bound to a pod", """{"spec":{}}""");
        await RefusedAsync("POST", Token, "node requested token with a pod binding without a uid", Request("mine", ""));
        await RefusedAsync("POST", Token, "node requested token bound to a pod scheduled on a different node", Request("other", foreign));
        await RefusedAsync("POST", "/api/v1/namespaces/default/serviceaccounts/unused/token", "no relationship found between node 'mine' and this object", Request("mine", uid));

        static string Request(string pod, string? uid) => $"{{\"spec\":{{\"boundObjectRef\":{{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"{pod}\",\"uid\":\"{uid}\"}}}}}}";
    }

    [Fact]
    public async Task Node_WithoutAName_MayDoNothing()
    {
        using var nameless = new ActingClient(rig, "jane", "system:nodes");
        var (code, body) = await nameless.SendAsync("GET", "/api/v1/nodes/mine");

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.EndsWith("at the cluster scope: unknown node for user \"jane\"", (string?)body["message"], StringComparison.Ordinal);
    }

    private async Task RefusedAsync(string method, string path, string why, string? body = null)
    {
        var (code, answer) = await _node.SendAsync(method, path, body, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        Assert.True(code == HttpStatusCode.Forbidden, $"{method} {path}: {code} {answer}");
        Assert.EndsWith(why, (string?)answer["message"], StringComparison.Ordinal);
    }

    private async Task AdminAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync(path, content, Cancel);
        // Each test makes them sure anew; the server is one for all.
        Assert.True(response.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict, await response.Content.ReadAsStringAsync(Cancel));
    }
}
