using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.Api.RbacV1;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;
using Google.Protobuf;
using Grpc.Core;

namespace Cluster.ApiServer.Tests.Authorization;

/// <summary>Roles as they work on a whole server; users are the administrator acting in their names.</summary>
public sealed class RbacServerTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RoleBinding_GivesItsSubjectWhatTheRoleSays()
    {
        await GrantAsync("reader", "default", "reader-jane", "pods", "get", "list");
        using var jane = new ActingClient(rig, "reader-jane");

        await Eventually.True(async () => (await jane.SendAsync("GET", "/api/v1/namespaces/default/pods")).Code == HttpStatusCode.OK);
        var (code, body) = await jane.SendAsync("POST", "/api/v1/namespaces/default/pods", "{}");

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Equal(
            "pods is forbidden: User \"reader-jane\" cannot create resource \"pods\" in API group \"\" in the namespace \"default\"",
            (string?)body["message"]);
    }

    [Fact]
    public async Task Role_OfRightsTheWriterLacks_IsRefusedInKubernetesWords()
    {
        await GrantAsync("roles-writer", "default", "climber", "roles", "create", "update", "get");
        using var climber = new ActingClient(rig, "climber", "dev");
        await UntilAllowedAsync(climber, "get", "rbac.authorization.k8s.io", "roles");

        var (code, body) = await climber.SendAsync("POST", $"{Rbac}/namespaces/default/roles", Role("high", """{"apiGroups":["","apps"],"resources":["pods"],"verbs":["get","list"]},{"apiGroups":[""],"resources":["configmaps"],"verbs":["get"],"resourceNames":["x"]}"""));

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Equal(
            "roles.rbac.authorization.k8s.io \"high\" is forbidden: user \"climber\" (groups=[\"dev\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"
            + "{APIGroups:[\"\"], Resources:[\"configmaps\"], ResourceNames:[\"x\"], Verbs:[\"get\"]}\n"
            + "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n"
            + "{APIGroups:[\"apps\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}",
            (string?)body["message"]);
        var own = await climber.SendAsync("POST", $"{Rbac}/namespaces/default/roles", Role("own", """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["get"]}"""));
        Assert.Equal(HttpStatusCode.Created, own.Code);
    }

    [Fact]
    public async Task Role_OfMoreRightsThanCanBeChecked_IsABadRequest()
    {
        await GrantAsync("many-writer", "default", "many", "roles", "create");
        using var many = new ActingClient(rig, "many");
        await UntilAllowedAsync(many, "create", "rbac.authorization.k8s.io", "roles");
        var words = string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"w{i}\""));

        var (code, body) = await many.SendAsync("POST", $"{Rbac}/namespaces/default/roles", Role("many", $$"""{"apiGroups":[{{words}}],"resources":[{{words}}],"verbs":[{{words}}]}"""));

        Assert.Equal((HttpStatusCode.BadRequest, "the rules name 1000000000 single rights, of at most 50000 it can be checked whether many holds them"), (code, (string?)body["message"]));
    }

    [Fact]
    public async Task Binding_OfARoleTheWriterDoesNotHold_NeedsTheVerbBind()
    {
        await GrantAsync("binder", "default", "binder", "rolebindings", "create");
        using var binder = new ActingClient(rig, "binder");
        await UntilAllowedAsync(binder, "create", "rbac.authorization.k8s.io", "rolebindings");

        var refused = await binder.SendAsync("POST", $"{Rbac}/namespaces/default/rolebindings", Binding("up", "cluster-admin", "binder"));
        Assert.Equal(HttpStatusCode.Forbidden, refused.Code);
        Assert.Contains("is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}", (string?)refused.Body["message"], StringComparison.Ordinal);

        var missing = await binder.SendAsync("POST", $"{Rbac}/namespaces/default/rolebindings", Binding("none", "no-such-role", "binder"));
        Assert.Equal("clusterroles.rbac.authorization.k8s.io \"no-such-role\" not found", (string?)missing.Body["message"]);

        await AdminAsync($"{Rbac}/namespaces/default/roles", Role("bind-view", """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["bind"],"resourceNames":["system:aggregate-to-view"]}"""));
        await AdminAsync($"{Rbac}/namespaces/default/rolebindings", Binding("bind-view", "bind-view", "binder", "Role"));
        await Eventually.True(async () =>
            (await binder.SendAsync("POST", $"{Rbac}/namespaces/default/rolebindings", Binding("view", "system:aggregate-to-view", "binder"))).Code == HttpStatusCode.Created);
    }

    [Fact]
    public async Task AggregationRule_NeedsEverything()
    {
        await AdminAsync($"{Rbac}/clusterroles", Role("gatherer", """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["create"]}""", "ClusterRole"));
        await AdminAsync($"{Rbac}/clusterrolebindings", Binding("gatherer", "gatherer", "gatherer", kind: "ClusterRole", binding: "ClusterRoleBinding"));
        using var gatherer = new ActingClient(rig, "gatherer");
        var body = """{"kind":"ClusterRole","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"all"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}}""";

        var (code, answer) = await UntilAsync(
            () => gatherer.SendAsync("POST", $"{Rbac}/clusterroles", body), answer => !((string?)answer.Body["message"] ?? "").Contains("cannot create", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Equal("clusterroles.rbac.authorization.k8s.io \"all\" is forbidden: must have cluster-admin privileges to use the aggregationRule", (string?)answer["message"]);
    }

    [Fact]
    public async Task Put_OfWhatIsNotThere_NeedsTheRightToCreate()
    {
        await GrantAsync("updater", "default", "updater", "endpoints", "update", "patch");
        using var updater = new ActingClient(rig, "updater");
        await UntilAllowedAsync(updater, "update", "", "endpoints");

        var put = await updater.SendAsync("PUT", "/api/v1/namespaces/default/endpoints/new", """{"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"new"}}""");
        var applied = await updater.SendAsync(
            "PATCH", "/api/v1/namespaces/default/endpoints/new?fieldManager=me", """{"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"new"}}""", "application/apply-patch+yaml");

        const string Message = "endpoints \"new\" is forbidden: User \"updater\" cannot create resource \"endpoints\" in API group \"\" in the namespace \"default\"";
        Assert.Equal((HttpStatusCode.Forbidden, Message), (put.Code, (string?)put.Body["message"]));
        Assert.Equal((HttpStatusCode.Forbidden, Message), (applied.Code, (string?)applied.Body["message"]));
    }

    [Fact]
    public async Task AnythingInANamespace_ReachesNothingOutsideIt()
    {
        await AdminAsync($"{Rbac}/namespaces/default/roles", Role("everything", """{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}"""));
        await AdminAsync($"{Rbac}/namespaces/default/rolebindings", Binding("everything", "everything", "local-king", "Role"));
        using var king = new ActingClient(rig, "local-king");
        await UntilAllowedAsync(king, "delete", "", "pods");

        foreach (var path in (string[])["/api/v1/namespaces/default/nodes", "/api/v1/namespaces/default/nodes/x", "/api/v1/namespaces/default/nodes/x/proxy/", "/api/v1/namespaces/default/namespaces/kube-system", $"{Rbac}/namespaces/default/clusterroles/cluster-admin", "/api/v1/watch/namespaces/default/nodes"])
            Assert.True((await king.SendAsync("GET", path)).Code == HttpStatusCode.NotFound, path);
        Assert.Equal(HttpStatusCode.NotFound, (await king.SendAsync("POST", $"{Rbac}/namespaces/default/clusterrolebindings", Binding("x", "cluster-admin", "local-king", binding: "ClusterRoleBinding"))).Code);

        var calls = new Resources.ResourcesClient(rig.AdminChannel);
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await calls.GetAsync(
            new GetRequest { Ref = new ResourceRef { Group = "rbac.authorization.k8s.io", Version = "v1", Resource = "clusterroles", Namespace = "default", Name = "cluster-admin" } },
            new Metadata { { "impersonate-user", "local-king" } }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.PermissionDenied, failure.StatusCode);
    }

    [Fact]
    public async Task SelectorOfOneName_NeedsTheRightToThatObjectAlone()
    {
        await AdminAsync($"{Rbac}/namespaces/default/roles", Role("one-secret", """{"apiGroups":[""],"resources":["secrets"],"verbs":["list"],"resourceNames":["one"]}"""));
        await AdminAsync($"{Rbac}/namespaces/default/rolebindings", Binding("one-secret", "one-secret", "one-reader", "Role"));
        using var reader = new ActingClient(rig, "one-reader");

        await Eventually.True(async () => (await reader.SendAsync("GET", "/api/v1/namespaces/default/secrets?fieldSelector=metadata.name%3Done")).Code == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.SendAsync("GET", "/api/v1/namespaces/default/secrets")).Code);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.SendAsync("GET", "/api/v1/namespaces/default/secrets?fieldSelector=metadata.name!%3Done")).Code);
    }

    [Fact]
    public async Task Call_WithAName_SeesAndMakesThatObjectAlone()
    {
        await AdminAsync($"{Rbac}/namespaces/default/roles", Role("one-map", """{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list","watch","create","update","patch","delete"],"resourceNames":["one"]}"""));
        await AdminAsync($"{Rbac}/namespaces/default/rolebindings", Binding("one-map", "one-map", "one-caller", "Role"));
        foreach (var name in (string[])["one", "two"])
            await AdminAsync("/api/v1/namespaces/default/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        var calls = new Resources.ResourcesClient(rig.AdminChannel);
        var headers = new Metadata { { "impersonate-user", "one-caller" } };
        await Eventually.True(async () => (await CodeAsync(() => calls.GetAsync(new GetRequest { Ref = Map("one") }, headers).ResponseAsync)) == StatusCode.OK);

        using var list = calls.List(new ListRequest { Ref = Map("one") }, headers, cancellationToken: Cancel);
        Assert.True(await list.ResponseStream.MoveNext(Cancel));
        Assert.Equal("one", NameOf(Assert.Single(list.ResponseStream.Current.Objects)));
        using var all = calls.List(new ListRequest { Ref = Map("") }, headers, cancellationToken: Cancel);
        using var watch = calls.Watch(new WatchRequest { Ref = Map("one") }, headers, cancellationToken: Cancel);
        Assert.True(await watch.ResponseStream.MoveNext(Cancel));
        Assert.Equal("one", NameOf(Assert.Single(watch.ResponseStream.Current.Events).Object));

        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => all.ResponseStream.MoveNext(Cancel)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => calls.GetAsync(new GetRequest { Ref = Map("two") }, headers).ResponseAsync));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => calls.DeleteAsync(new DeleteRequest { Ref = Map("two") }, headers).ResponseAsync));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => calls.UpdateAsync(Write("one", "two"), headers).ResponseAsync));
        // As in Kubernetes a right to one name is no right to make it.
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => calls.CreateAsync(Write("one", "three"), headers).ResponseAsync));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => calls.CreateAsync(Write("one", "one"), headers).ResponseAsync));
    }

    [Fact]
    public async Task Create_OfAnotherNameThanTheCalls_IsRefused()
    {
        await AdminAsync($"{Rbac}/clusterroles", Role("one-climber", """{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["create"]},{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["escalate"],"resourceNames":["allowed"]}""", "ClusterRole"));
        await AdminAsync($"{Rbac}/clusterrolebindings", Binding("one-climber", "one-climber", "one-climber", binding: "ClusterRoleBinding"));
        var calls = new Resources.ResourcesClient(rig.AdminChannel);
        var headers = new Metadata { { "impersonate-user", "one-climber" } };
        await Eventually.True(async () => (await CodeAsync(() => calls.CreateAsync(RoleWrite("allowed", "allowed"), headers).ResponseAsync)) is StatusCode.OK or StatusCode.AlreadyExists);

        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => calls.CreateAsync(RoleWrite("allowed", "hidden"), headers).ResponseAsync));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => calls.CreateAsync(RoleWrite("hidden", "hidden"), headers).ResponseAsync));
        using var missing = await rig.Admin.GetAsync($"{Rbac}/clusterroles/hidden", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Theory]
    [InlineData("watch=false&watch=true")]
    [InlineData("watch=0&watch=1")]
    public async Task WatchGivenTwice_IsPermittedAsWhatIsDone(string query)
    {
        var user = $"watcher-{query.Length}";
        await GrantAsync(user, "default", user, "secrets", "watch");
        using var watcher = new ActingClient(rig, user);
        await UntilAllowedAsync(watcher, "watch", "", "secrets");

        var (code, body) = await watcher.SendAsync("GET", $"/api/v1/namespaces/default/secrets?{query}");

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Contains("cannot list resource \"secrets\"", (string?)body["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reviews_AnswerByTheSameRules()
    {
        await GrantAsync("asker", "default", "asker", "pods", "get");
        using var asker = new ActingClient(rig, "asker");
        const string Question = """{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"namespace":"default","verb":"get","resource":"pods"}}}""";

        var answer = await UntilAsync(
            () => asker.SendAsync("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Question), answer => (bool?)answer.Body["status"]?["allowed"] == true);
        Assert.Equal("RBAC: allowed by RoleBinding \"asker/default\" of Role \"asker\" to User \"asker\"", (string?)answer.Body["status"]!["reason"]);

        var rules = await asker.SendAsync("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","spec":{"namespace":"default"}}""");
        Assert.Contains(rules.Body["status"]!["resourceRules"]!.AsArray(), rule => rule!["resources"]!.ToJsonString() == "[\"pods\"]");
        Assert.Contains(rules.Body["status"]!["nonResourceRules"]!.AsArray(), rule => rule!["nonResourceURLs"]!.AsArray().Any(url => (string?)url == "/openapi/*"));
    }

    [Fact]
    public async Task Impersonation_NeedsTheVerbOnEachPart()
    {
        using var client = rig.Client("scheduler-client");
        client.DefaultRequestHeaders.Add("Impersonate-User", "jane");
        using var response = await client.GetAsync("/api/v1/namespaces/default/pods", Cancel);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(
            "users \\\"jane\\\" is forbidden: User \\\"system:kube-scheduler\\\" cannot impersonate resource \\\"users\\\" in API group \\\"\\\" at the cluster scope",
            await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Impersonation_OfOneKeyInTwoSpellings_AsksForBothValues()
    {
        using var client = rig.Client("admin");
        client.DefaultRequestHeaders.Add("Impersonate-User", "jane");
        client.DefaultRequestHeaders.Add("Impersonate-Extra-a%62", "x");
        client.DefaultRequestHeaders.Add("Impersonate-Extra-ab", "y");
        using var body = new StringContent("""{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}""", Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/apis/authentication.k8s.io/v1/selfsubjectreviews", body, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);

        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        Assert.Equal(["x", "y"], JsonNode.Parse(text)!["status"]!["userInfo"]!["extra"]!["ab"]!.AsArray().Select(value => (string?)value).Order());
    }

    private static ResourceRef Map(string name) => new() { Version = "v1", Resource = "configmaps", Namespace = "default", Name = name };

    private static WriteRequest Write(string called, string made) => new()
    {
        Ref = Map(called), Object = ByteString.CopyFrom(Envelope.Encode(new ConfigMap { Metadata = new ObjectMeta { Name = made } }, "v1", "ConfigMap")),
    };

    private static WriteRequest RoleWrite(string called, string made) => new()
    {
        Ref = new ResourceRef { Group = "rbac.authorization.k8s.io", Version = "v1", Resource = "clusterroles", Name = called },
        Object = ByteString.CopyFrom(Envelope.Encode(
            new ClusterRole { Metadata = new ObjectMeta { Name = made }, Rules = { new PolicyRule { Verbs = { "*" }, ApiGroups = { "*" }, Resources = { "*" } } } },
            "rbac.authorization.k8s.io/v1",
            "ClusterRole")),
    };

    private static string NameOf(ByteString obj) => Envelope.Decode<ConfigMap>(obj.Memory).Metadata.Name;

    private static async Task<StatusCode> CodeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return StatusCode.OK;
        }
        catch (RpcException failure)
        {
            return failure.StatusCode;
        }
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isIt)
    {
        T answer = default!;
        await Eventually.True(async () => isIt(answer = await ask()));
        return answer;
    }

    private Task GrantAsync(string name, string ns, string user, string resource, params string[] verbs) => Task.WhenAll(
        AdminAsync($"{Rbac}/namespaces/{ns}/roles", Role(name, $$"""{"apiGroups":["*"],"resources":["{{resource}}"],"verbs":[{{string.Join(',', verbs.Select(verb => $"\"{verb}\""))}}]}""")),
        AdminAsync($"{Rbac}/namespaces/{ns}/rolebindings", Binding(name, name, user, "Role")));

    private static Task UntilAllowedAsync(ActingClient user, string verb, string group, string resource) => Eventually.True(async () =>
    {
        var question = $$$$"""{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{"namespace":"default","verb":"{{{{verb}}}}","group":"{{{{group}}}}","resource":"{{{{resource}}}}"}}}""";
        return (bool?)(await user.SendAsync("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", question)).Body["status"]?["allowed"] == true;
    });

    private async Task AdminAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync(path, content, Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync(Cancel));
    }

    private static string Role(string name, string rules, string kind = "Role") =>
        $$"""{"kind":"{{kind}}","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"{{name}}"},"rules":[{{rules}}]}""";

    private static string Binding(string name, string role, string user, string kind = "ClusterRole", string binding = "RoleBinding") =>
        $$"""{"kind":"{{binding}}","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{"name":"{{name}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{kind}}","name":"{{role}}"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{user}}"}]}""";
}
