using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Registry;

namespace Cluster.ApiServer.Tests.Rest;

/// <summary>Lists as of a version, in pages, and after their version was compacted; selectors; deletes of many; over REST.</summary>
public sealed class ListProtocolTests : IAsyncLifetime
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];

    private RestRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await RestRig.StartAsync();
        foreach (var name in Names)
            await _rig.Core.CreateAsync(RegistryRig.ConfigMap(name));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Continue_AfterCompaction_IsGoneWithATokenThatGoesOnInconsistently()
    {
        var first = await OkAsync(Maps + "?limit=2");
        await DeleteAsync("a");
        await DeleteAsync("c");
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("f"));
        // Within its version the list is as it was, whatever happened since.
        Assert.Equal(["c", "d"], NamesOf(await OkAsync($"{Maps}?limit=2&continue={Token(first)}")));

        await CompactAsync();
        var (code, gone) = await _rig.GetAsync($"{Maps}?limit=2&continue={Token(first)}");
        Assert.Equal((HttpStatusCode.Gone, "Expired", 410), (code, gone["reason"]!.ToString(), (int)gone["code"]!));
        Assert.Equal(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
            gone["message"]!.ToString());

        var rest = await OkAsync($"{Maps}?limit=2&continue={Token(gone)}");
        Assert.Equal(["d", "e"], NamesOf(rest));
        Assert.NotEqual(Version(first), Version(rest));
        Assert.Equal(["f"], NamesOf(await OkAsync($"{Maps}?limit=2&continue={Token(rest)}")));
    }

    [Fact]
    public async Task List_LimitBelowZero_IsNoLimit()
    {
        var first = await OkAsync(Maps + "?limit=2");

        Assert.Equal(["a", "b", "c", "d", "e"], NamesOf(await OkAsync($"{Maps}?limit=-1&resourceVersionMatch=Exact&resourceVersion={Version(first)}")));
        Assert.Equal(["c", "d", "e"], NamesOf(await OkAsync($"{Maps}?limit=-1&continue={Token(first)}")));
    }

    [Fact]
    public async Task List_AsOfAVersion_ExactlyOrNotOlder()
    {
        var then = Version(await OkAsync(Maps));
        await DeleteAsync("a");

        Assert.Equal(Names, NamesOf(await OkAsync($"{Maps}?resourceVersion={then}&resourceVersionMatch=Exact")));
        Assert.Equal(Names[1..], NamesOf(await OkAsync($"{Maps}?resourceVersion={then}&resourceVersionMatch=NotOlderThan")));
        Assert.Equal(Names[1..], NamesOf(await OkAsync($"{Maps}?resourceVersion={then}")));
        Assert.Equal(Names[1..], NamesOf(await OkAsync(Maps)));
        // A limit without a word on matching asks, in the old way, for that very version; at version 0 it is not heard.
        Assert.Equal(Names[..2], NamesOf(await OkAsync($"{Maps}?resourceVersion={then}&limit=2")));
        Assert.Equal(Names[1..], NamesOf(await OkAsync($"{Maps}?resourceVersion=0&limit=2")));

        await CompactAsync();
        var (code, gone) = await _rig.GetAsync($"{Maps}?resourceVersion={then}&resourceVersionMatch=Exact");
        Assert.Equal((HttpStatusCode.Gone, "Expired"), (code, gone["reason"]!.ToString()));
    }

    [Fact]
    public async Task List_RemainingItemCount_IsToldWithoutSelectorsAlone()
    {
        var page = await OkAsync(Maps + "?limit=2");
        Assert.Equal(3, (int)page["metadata"]!["remainingItemCount"]!);
        Assert.Equal(1, (int)(await OkAsync($"{Maps}?limit=2&continue={Token(page)}"))["metadata"]!["remainingItemCount"]!);
        var selected = await OkAsync(Maps + "?limit=2&labelSelector=%21none");
        Assert.Null(selected["metadata"]!["remainingItemCount"]);
        Assert.Equal(Names[2..4], NamesOf(await OkAsync($"{Maps}?limit=2&labelSelector=%21none&continue={Token(selected)}")));
    }

    [Theory]
    [InlineData("pods", "metadata.name,metadata.namespace,spec.nodeName,spec.host,spec.restartPolicy,spec.schedulerName,spec.serviceAccountName,status.phase,status.podIP,status.podIPs,status.nominatedNodeName,spec.hostNetwork")]
    [InlineData("nodes", "metadata.name,spec.unschedulable")]
    [InlineData("replicationcontrollers", "metadata.name,metadata.namespace,status.replicas")]
    [InlineData("events", "involvedObject.kind,involvedObject.namespace,involvedObject.name,involvedObject.uid,involvedObject.apiVersion,involvedObject.resourceVersion,involvedObject.fieldPath,reason,reportingComponent,source,type,metadata.name,metadata.namespace")]
    [InlineData("namespaces", "metadata.name,status.phase")]
    [InlineData("secrets", "type,metadata.name,metadata.namespace")]
    [InlineData("services", "metadata.name,metadata.namespace,spec.clusterIP,spec.type")]
    [InlineData("apis/batch/v1/jobs", "metadata.name,metadata.namespace,status.successful")]
    [InlineData("apis/certificates.k8s.io/v1/certificatesigningrequests", "metadata.name,spec.signerName")]
    [InlineData("apis/events.k8s.io/v1/events", "regarding.kind,regarding.namespace,regarding.name,regarding.uid,regarding.apiVersion,regarding.resourceVersion,regarding.fieldPath,reason,reportingController,type,metadata.name,metadata.namespace")]
    [InlineData("configmaps", "metadata.name,metadata.namespace")]
    public async Task List_ByEachFieldOfItsKind_IsAnswered(string resource, string fields)
    {
        var path = resource.StartsWith("apis/", StringComparison.Ordinal) ? "/" + resource : "/api/v1/" + resource;
        foreach (var field in fields.Split(','))
        {
            Assert.Empty(NamesOf(await OkAsync($"{path}?fieldSelector={field}%3Dno-such-value")));
            await OkAsync($"{path}?fieldSelector={field}%21%3Dno-such-value,{field}%3D%3Dno-such-value");
        }
    }

    [Fact]
    public async Task List_ByFields_FindsWhatHasThem()
    {
        await _rig.Core.CreateAsync(RegistryRig.Node("n1"));
        await _rig.Core.CreateAsync(RegistryRig.Pod("bound", node: "n1"));
        await _rig.Core.CreateAsync(RegistryRig.Pod("free"));
        const string pods = "/api/v1/pods?fieldSelector=";

        Assert.Equal(["bound"], NamesOf(await OkAsync(pods + "spec.nodeName%3Dn1")));
        Assert.Equal(["free"], NamesOf(await OkAsync(pods + "spec.nodeName%3D,status.phase%21%3DFailed")));
        Assert.Equal(["bound"], NamesOf(await OkAsync(pods + "metadata.name%3Dbound,metadata.namespace%3Ddefault")));
        Assert.Empty(NamesOf(await OkAsync(pods + "metadata.namespace%3Dother")));
    }

    [Fact]
    public async Task DeleteCollection_OfASelection_AnswersWhatItDeleted()
    {
        var (dry, _) = await _rig.SendAsync(HttpMethod.Delete, Maps + "?dryRun=All");
        Assert.Equal((HttpStatusCode.OK, Names.Length), (dry, NamesOf(await OkAsync(Maps)).Count));
        var (code, deleted) = await _rig.SendAsync(HttpMethod.Delete, Maps + "?fieldSelector=metadata.name%3Db");
        Assert.Equal((HttpStatusCode.OK, "ConfigMapList"), (code, deleted["kind"]!.ToString()));
        Assert.Equal(["b"], NamesOf(deleted));
        Assert.Equal(["a", "c", "d", "e"], NamesOf(await OkAsync(Maps)));

        await _rig.SendAsync(HttpMethod.Delete, Maps, """{"propagationPolicy":"Foreground"}""");
        var held = await OkAsync(Maps);
        Assert.All(held["items"]!.AsArray(), item => Assert.Equal("foregroundDeletion", Assert.Single(item!["metadata"]!["finalizers"]!.AsArray())!.ToString()));
    }

    [Fact]
    public async Task DryRun_OfEveryVerb_AnswersAndChangesNothing()
    {
        var before = (await OkAsync(Maps)).ToJsonString();
        var (put, updated) = await _rig.SendAsync(HttpMethod.Put, Maps + "/a?dryRun=All", """{"metadata":{"name":"a"},"data":{"key":"9"}}""");
        var (patch, patched) = await _rig.SendAsync(HttpMethod.Patch, Maps + "/a?dryRun=All", """{"data":{"key":"8"}}""", "application/merge-patch+json");
        var (delete, _) = await _rig.SendAsync(HttpMethod.Delete, Maps + "/a?dryRun=All");
        var (body, _) = await _rig.SendAsync(HttpMethod.Delete, Maps + "/a", """{"dryRun":["All"]}""");

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK], new[] { put, patch, delete, body });
        Assert.Equal(("9", "8"), (updated["data"]!["key"]!.ToString(), patched["data"]!["key"]!.ToString()));
        Assert.Equal(before, (await OkAsync(Maps)).ToJsonString());
    }

    [Fact]
    public async Task Get_AtAVersion_IsNotOlder()
    {
        var then = Version(await OkAsync(Maps + "/a"));
        Assert.Equal(then, Version(await OkAsync($"{Maps}/a?resourceVersion=0")));
        Assert.Equal(then, Version(await OkAsync($"{Maps}/a?resourceVersion={then}")));
        var (code, status) = await _rig.GetAsync(Maps + "/a?resourceVersion=999999999");
        Assert.Equal((504, "Timeout"), ((int)code, status["reason"]!.ToString()));
        Assert.Equal("ResourceVersionTooLarge", Assert.Single(status["details"]!["causes"]!.AsArray())!["reason"]!.ToString());
    }

    private async Task CompactAsync() => await _rig.Core.Store.CompactAsync(await _rig.Core.Store.GetRevisionAsync(default), default);

    private async Task DeleteAsync(string name) =>
        Assert.Equal(HttpStatusCode.OK, (await _rig.SendAsync(HttpMethod.Delete, $"{Maps}/{name}")).Code);

    private async Task<JsonNode> OkAsync(string path)
    {
        var (code, body) = await _rig.GetAsync(path);
        Assert.True(code == HttpStatusCode.OK, $"{path}: {body}");
        return body;
    }

    private static List<string> NamesOf(JsonNode list) => [.. list["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.ToString())];

    private static string Token(JsonNode list) => list["metadata"]!["continue"]!.ToString();

    private static string Version(JsonNode obj) => obj["metadata"]!["resourceVersion"]!.ToString();
}
