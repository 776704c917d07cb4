using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Admission;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>Definitions whose versions a webhook converts, on the real store, with a webhook over HTTPS.</summary>
public sealed class ConversionWebhookTests(CustomRig rig) : IClassFixture<CustomRig>, IAsyncLifetime
{
    private WebhookServer _hook = null!;

    public async ValueTask InitializeAsync() => _hook = await WebhookServer.StartAsync(IPAddress.Loopback);

    public ValueTask DisposeAsync() => _hook.DisposeAsync();

    [Theory]
    [InlineData("v1")]
    [InlineData("v1beta1")]
    public async Task Object_IsReadAndWrittenInEachVersion(string review)
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook, "v7", review);
        var (code, created) = await widgets.CreateAsync("v1", "one", """{"address":"a:80"}""");
        Assert.True(code == HttpStatusCode.Created, created.ToJsonString());
        Assert.Empty(widgets.Questions);

        var (_, read) = await rig.Rest.GetAsync(widgets.Path("v2") + "/one");
        Assert.Equal(($"{widgets.Group}/v2", """{"host":"a","port":"80"}"""), (read["apiVersion"]!.ToString(), read["spec"]!.ToJsonString()));
        Assert.Equal(created["metadata"]!.ToJsonString(), read["metadata"]!.ToJsonString());
        var question = Assert.Single(widgets.Questions);
        Assert.Equal(($"{widgets.Group}/v2", $"{widgets.Group}/v1"), (question["desiredAPIVersion"]!.ToString(), question["objects"]![0]!["apiVersion"]!.ToString()));

        // Written in the other version, stored in the first.
        read["spec"]!["port"] = "81";
        var (updated, second) = await rig.Rest.SendAsync(HttpMethod.Put, widgets.Path("v2") + "/one", read.ToJsonString());
        Assert.True(updated == HttpStatusCode.OK, second.ToJsonString());
        Assert.Equal(("""{"host":"a","port":"81"}""", "2"), (second["spec"]!.ToJsonString(), second["metadata"]!["generation"]!.ToString()));
        var stored = await widgets.StoredAsync("one");
        Assert.Equal(($"{widgets.Group}/v1", """{"address":"a:81"}"""), (stored["apiVersion"]!.ToString(), stored["spec"]!.ToJsonString()));
        var (_, patched) = await rig.PatchAsync(widgets.Path("v2") + "/one", """{"spec":{"host":"b"}}""");
        Assert.Equal("""{"host":"b","port":"81"}""", patched["spec"]!.ToJsonString());
        var (_, first) = await rig.Rest.GetAsync(widgets.Path("v1") + "/one");
        Assert.Equal("""{"address":"b:81"}""", first["spec"]!.ToJsonString());

        var (_, made) = await widgets.CreateAsync("v2", "two", """{"host":"c","port":"1"}""");
        Assert.Equal("""{"host":"c","port":"1"}""", made["spec"]!.ToJsonString());
        Assert.Equal("""{"address":"c:1"}""", (await widgets.StoredAsync("two"))["spec"]!.ToJsonString());
        var (dry, previewed) = await rig.Rest.PostAsync(widgets.Path("v2") + "?dryRun=All", CustomRig.Widget(widgets.Group, "dry", """{"host":"d","port":"2"}""", "v2"));
        Assert.Equal((HttpStatusCode.Created, """{"host":"d","port":"2"}"""), (dry, previewed["spec"]!.ToJsonString()));
    }

    [Fact]
    public async Task Reads_OfAnObjectThatDoesNotChange_AskOnce()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:80"}""");
        for (var i = 0; i < 3; i++)
        {
            await rig.Rest.GetAsync(widgets.Path("v2") + "/one");
            await rig.Rest.GetAsync(widgets.Path("v2") + "?resourceVersion=0");
            await rig.Rest.GetAsync(widgets.Path("v1"));
        }

        Assert.Single(widgets.Questions);
    }

    /// <summary>As a thousand watchers of one event do.</summary>
    [Fact]
    public async Task Reads_WhileTheWebhookIsAsked_WaitForThatAnswer()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:80"}""");
        using var gate = new ManualResetEventSlim();
        widgets.AnswerWith(question =>
        {
            gate.Wait();
            return ConversionRig.Converted(question, ConversionRig.Convert);
        });
        using var leaving = new CancellationTokenSource();
        var first = rig.Rest.Client.GetAsync(widgets.Path("v2") + "/one", leaving.Token);
        await Eventually.True(() => widgets.Questions.Any());
        var others = Enumerable.Range(0, 20).Select(i => rig.Rest.GetAsync(widgets.Path("v2") + (i % 2 == 0 ? "/one" : ""))).ToList();
        // Whoever began it may leave.
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.Set();

        foreach (var (code, body) in await Task.WhenAll(others))
        {
            Assert.Equal(HttpStatusCode.OK, code);
            Assert.Contains("\"host\":\"a\"", body.ToJsonString(), StringComparison.Ordinal);
        }

        Assert.Single(widgets.Questions);
    }

    [Fact]
    public async Task List_OfObjectsStoredInTwoVersions_IsInTheOneAskedFor()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        await widgets.StoreAsync("v2");
        await widgets.CreateAsync("v2", "two", """{"host":"b","port":"2"}""");
        Assert.Equal($"{widgets.Group}/v1", (await widgets.StoredAsync("one"))["apiVersion"]!.ToString());
        Assert.Equal($"{widgets.Group}/v2", (await widgets.StoredAsync("two"))["apiVersion"]!.ToString());

        Assert.Equal(["""{"address":"a:1"}""", """{"address":"b:2"}"""], await SpecsAsync(widgets.Path("v1")));
        Assert.Equal(["""{"host":"a","port":"1"}""", """{"host":"b","port":"2"}"""], await SpecsAsync(widgets.Path("v2")));
        // From the store's history.
        var (_, list) = await rig.Rest.GetAsync(widgets.Path("v2"));
        var exact = $"{widgets.Path("v1")}?resourceVersionMatch=Exact&resourceVersion={list["metadata"]!["resourceVersion"]}";
        Assert.Equal(["""{"address":"a:1"}""", """{"address":"b:2"}"""], await SpecsAsync(exact));
    }

    [Fact]
    public async Task Update_ThatChangesNothing_StoresTheVersionOfNow()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        var (_, created) = await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        await widgets.StoreAsync("v2");
        var (code, same) = await rig.Rest.SendAsync(HttpMethod.Put, widgets.Path("v1") + "/one", created.ToJsonString());

        Assert.Equal((HttpStatusCode.OK, """{"address":"a:1"}""", "1"), (code, same["spec"]!.ToJsonString(), same["metadata"]!["generation"]!.ToString()));
        Assert.NotEqual(created["metadata"]!["resourceVersion"]!.ToString(), same["metadata"]!["resourceVersion"]!.ToString());
        Assert.Equal($"{widgets.Group}/v2", (await widgets.StoredAsync("one"))["apiVersion"]!.ToString());
        var (_, again) = await rig.Rest.SendAsync(HttpMethod.Put, widgets.Path("v1") + "/one", same.ToJsonString());
        Assert.Equal(same["metadata"]!["resourceVersion"]!.ToString(), again["metadata"]!["resourceVersion"]!.ToString());
    }

    [Fact]
    public async Task Selectors_LookAtTheVersionThatIsAskedFor()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        widgets.Answer((obj, desired) =>
        {
            ConversionRig.Convert(obj, desired);
            if (desired.EndsWith("/v2", StringComparison.Ordinal))
                obj["metadata"]!["labels"] = new JsonObject { ["host"] = obj["spec"]!["host"]!.ToString() };
        });
        for (var i = 0; i < 6; i++)
            await widgets.CreateAsync("v1", $"w{i}", $$"""{"address":"{{(i % 2 == 0 ? "even" : "odd")}}:{{i}}"}""");

        Assert.Equal(["w0", "w2", "w4"], await NamesAsync(widgets.Path("v2") + "?fieldSelector=spec.host%3Deven"));
        Assert.Equal(["w1", "w3", "w5"], await NamesAsync(widgets.Path("v2") + "?labelSelector=host%3Dodd"));
        Assert.Equal(["w3"], await NamesAsync(widgets.Path("v2") + "?labelSelector=host%3Dodd&fieldSelector=metadata.name%3Dw3"));
        Assert.Empty(await NamesAsync(widgets.Path("v1") + "?labelSelector=host%3Dodd"));
        var (_, page) = await rig.Rest.GetAsync(widgets.Path("v2") + "?labelSelector=host%3Dodd&limit=2");
        var next = page["metadata"]!["continue"]!.ToString();
        Assert.Equal(["w1", "w3"], page["items"]!.AsArray().Select(NameOf));
        Assert.Equal(["w5"], await NamesAsync($"{widgets.Path("v2")}?labelSelector=host%3Dodd&limit=2&continue={next}"));
        var (refused, _) = await rig.Rest.GetAsync(widgets.Path("v1") + "?fieldSelector=spec.host%3Deven");
        Assert.Equal(HttpStatusCode.BadRequest, refused);
    }

    [Fact]
    public async Task Watch_TellsChangesInItsVersionThroughItsSelectors()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        await widgets.CreateAsync("v1", "two", """{"address":"b:1"}""");
        using var response = await rig.Rest.Client.GetAsync(
            widgets.Path("v2") + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=spec.host%3Da",
            HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(("ADDED", "one", """{"host":"a","port":"1"}"""), await NextAsync(lines));
        Assert.Equal(("BOOKMARK", "", ""), await NextAsync(lines));

        await rig.PatchAsync(widgets.Path("v1") + "/one", """{"spec":{"address":"a:2"}}""");
        Assert.Equal(("MODIFIED", "one", """{"host":"a","port":"2"}"""), await NextAsync(lines));
        await rig.PatchAsync(widgets.Path("v1") + "/two", """{"spec":{"address":"a:3"}}""");
        Assert.Equal(("ADDED", "two", """{"host":"a","port":"3"}"""), await NextAsync(lines));
        await rig.PatchAsync(widgets.Path("v2") + "/one", """{"spec":{"host":"z"}}""");
        Assert.Equal(("DELETED", "one", """{"host":"a","port":"2"}"""), await NextAsync(lines));
        var (_, deleted) = await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Path("v1") + "/two");
        Assert.Equal("Success", deleted["status"]!.ToString());
        Assert.Equal(("DELETED", "two", """{"host":"a","port":"3"}"""), await NextAsync(lines));

        // A watch that cannot go on says why.
        widgets.AnswerWith(_ => new JsonObject { ["result"] = new JsonObject { ["status"] = "Failure", ["message"] = "not today" } });
        await widgets.CreateAsync("v1", "three", """{"address":"a:4"}""");
        var error = JsonNode.Parse((await lines.ReadLineAsync())!)!;
        Assert.Equal(("ERROR", $"conversion webhook for {widgets.Group}/v1, Kind=Widget failed: not today"), (error["type"]!.ToString(), error["object"]!["message"]!.ToString()));
        Assert.Null(await lines.ReadLineAsync());
    }

    [Fact]
    public async Task Delete_OfWhatIsStoredInAnotherVersion_GoesThroughFinalizers()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""", ",\"finalizers\":[\"example.com/hold\"]");
        await widgets.CreateAsync("v1", "two", """{"address":"b:1"}""");
        await widgets.StoreAsync("v2");

        var (_, marked) = await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Path("v1") + "/one");
        Assert.Equal("""{"address":"a:1"}""", marked["spec"]!.ToJsonString());
        var stored = await widgets.StoredAsync("one");
        Assert.Equal(($"{widgets.Group}/v2", """{"host":"a","port":"1"}"""), (stored["apiVersion"]!.ToString(), stored["spec"]!.ToJsonString()));
        await rig.PatchAsync(widgets.Path("v1") + "/one", """{"metadata":{"finalizers":null}}""");
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Rest.GetAsync(widgets.Path("v1") + "/one")).Code);

        var (_, collection) = await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Path("v2"));
        Assert.Equal("""{"host":"b","port":"1"}""", Assert.Single(collection["items"]!.AsArray())!["spec"]!.ToJsonString());
        Assert.Empty(await NamesAsync(widgets.Path("v1")));
    }

    [Fact]
    public async Task StatusAndScale_AreThoseOfTheVersionThatIsAskedFor()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        // What v1 has no field for is kept in an annotation, as webhooks do.
        widgets.Answer((obj, desired) =>
        {
            ConversionRig.Convert(obj, desired);
            var (spec, metadata) = (obj["spec"]!.AsObject(), obj["metadata"]!.AsObject());
            if (desired.EndsWith("/v1", StringComparison.Ordinal) && spec.Remove("replicas", out var replicas))
                metadata["annotations"] = new JsonObject { ["replicas"] = replicas!.ToString() };
            else if (desired.EndsWith("/v2", StringComparison.Ordinal) && metadata["annotations"]?["replicas"] is { } kept && metadata.Remove("annotations"))
                spec["replicas"] = int.Parse(kept.ToString(), System.Globalization.CultureInfo.InvariantCulture);
        });
        await widgets.CreateAsync("v2", "one", """{"host":"a","port":"1","replicas":2}""");
        Assert.Equal("2", (await widgets.StoredAsync("one"))["metadata"]!["annotations"]!["replicas"]!.ToString());

        var (_, scale) = await rig.Rest.GetAsync(widgets.Path("v2") + "/one/scale");
        Assert.Equal("2", scale["spec"]!["replicas"]!.ToString());
        scale["spec"]!["replicas"] = 5;
        var (code, scaled) = await rig.Rest.SendAsync(HttpMethod.Put, widgets.Path("v2") + "/one/scale", scale.ToJsonString());
        Assert.Equal((HttpStatusCode.OK, "5"), (code, scaled["spec"]!["replicas"]!.ToString()));
        Assert.Equal("5", (await widgets.StoredAsync("one"))["metadata"]!["annotations"]!["replicas"]!.ToString());

        var (_, status) = await rig.PatchAsync(widgets.Path("v2") + "/one/status", """{"spec":{"host":"no"},"status":{"replicas":5}}""");
        Assert.Equal(("a", "5"), (status["spec"]!["host"]!.ToString(), status["status"]!["replicas"]!.ToString()));
        var (_, first) = await rig.Rest.GetAsync(widgets.Path("v1") + "/one");
        Assert.Equal(("""{"address":"a:1"}""", "5"), (first["spec"]!.ToJsonString(), first["status"]!["replicas"]!.ToString()));
    }

    [Fact]
    public async Task Apply_InTwoVersions_KeepsWhoOwnsWhatUnderEach()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await ApplyAsync(widgets, "v1", "first", """{"address":"a:1"}""");
        var (code, applied) = await ApplyAsync(widgets, "v2", "second", """{"replicas":3}""");

        Assert.True(code == HttpStatusCode.OK, applied.ToJsonString());
        Assert.Equal(
            [($"{widgets.Group}/v1", "first", """{"f:spec":{"f:address":{}}}"""), ($"{widgets.Group}/v2", "second", """{"f:spec":{"f:replicas":{}}}""")],
            applied["metadata"]!["managedFields"]!.AsArray().Select(entry => (entry!["apiVersion"]!.ToString(), entry["manager"]!.ToString(), entry["fieldsV1"]!.ToJsonString())).Order());
        var (conflict, refused) = await ApplyAsync(widgets, "v2", "third", """{"replicas":4}""");
        Assert.Equal((HttpStatusCode.Conflict, "Conflict"), (conflict, refused["reason"]!.ToString()));
        // One manager's last configuration counts, whatever version it is in.
        var (_, moved) = await ApplyAsync(widgets, "v2", "first", """{"host":"b","port":"2"}""");
        Assert.Equal(2, moved["metadata"]!["managedFields"]!.AsArray().Count);
        Assert.Equal("""{"address":"b:2"}""", (await widgets.StoredAsync("one"))["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Metadata_OfTheWebhook_IsLabelsAndAnnotationsAlone()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        var (_, created) = await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""", ",\"labels\":{\"old\":\"x\"},\"annotations\":{\"note\":\"y\"}");
        widgets.Answer((obj, desired) =>
        {
            ConversionRig.Convert(obj, desired);
            var metadata = obj["metadata"]!.AsObject();
            (metadata["labels"], metadata["finalizers"], metadata["resourceVersion"], metadata["generation"]) =
                (new JsonObject { ["new"] = "z" }, new JsonArray("example.com/f"), "1", 77);
            metadata.Remove("annotations");
            metadata.Remove("creationTimestamp");
        });
        var (_, read) = await rig.Rest.GetAsync(widgets.Path("v2") + "/one");

        created["metadata"]!["labels"] = new JsonObject { ["new"] = "z" };
        created["metadata"]!.AsObject().Remove("annotations");
        Assert.True(JsonNode.DeepEquals(created["metadata"], read["metadata"]), read["metadata"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"other"}}""", "returned invalid object: must have the same name: one != other")]
    [InlineData("""{"metadata":{"namespace":"other"}}""", "returned invalid object: must have the same namespace: default != other")]
    [InlineData("""{"metadata":{"uid":"other"}}""", "returned invalid object: must have the same UID: * != other")]
    [InlineData("""{"metadata":{"labels":{"a":"-"}}}""", "returned invalid metadata: metadata.labels: Invalid value: \"-\": a valid label must be *")]
    [InlineData("""{"metadata":{"labels":{"a":1}}}""", "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object")]
    [InlineData("""{"metadata":{"annotations":["a"]}}""", "returned invalid metadata: invalid metadata.annotations of type []interface {} in converted object")]
    [InlineData("""{"apiVersion":"GROUP/v3"}""", "returned invalid object at index 0: invalid groupVersion (expected GROUP/v2, received GROUP/v3)")]
    [InlineData("""{"kind":"Gadget"}""", "returned invalid object at index 0: invalid kind (expected Widget, received Gadget)")]
    public async Task Answer_ThatChangesWhatItMayNot_IsRefused(string change, string message)
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        widgets.Answer((obj, desired) =>
        {
            ConversionRig.Convert(obj, desired);
            Merge(obj, JsonNode.Parse(change.Replace("GROUP", widgets.Group, StringComparison.Ordinal))!.AsObject());
        });

        await AssertFailsAsync(widgets, message);
    }

    [Theory]
    [InlineData("""{"result":{"status":"Failure","message":"I can't"}}""", "failed: I can't")]
    [InlineData("""{"result":{"status":"Failure"}}""", "failed: response.result.status was 'Failure', not 'Success'")]
    [InlineData("""{}""", "failed: response.result.status was '', not 'Success'")]
    [InlineData("""{"result":{"status":"Success"},"convertedObjects":[]}""", "returned 0 objects, expected 1")]
    [InlineData("""{"result":{"status":"Success"},"uid":"another"}""", "failed: expected response.uid=*, got \"another\"")]
    [InlineData("""{"result":{"status":"Success"},"convertedObjects":["text"]}""", "returned invalid object at index 0: no JSON object")]
    public async Task Answer_ThatIsNone_IsTold(string answer, string message)
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        widgets.AnswerWith(_ => JsonNode.Parse(answer)!.AsObject());

        await AssertFailsAsync(widgets, message);
    }

    [Fact]
    public async Task Webhook_ThatDoesNotAnswer_FailsWhatNeedsItAndNothingElse()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        var url = new Uri(_hook.Url, widgets.HookPath);
        await _hook.DisposeAsync();

        await AssertFailsAsync(widgets, $"failed: Post \"{url}?timeout=30s\": *");
        var (list, failure) = await rig.Rest.GetAsync(widgets.Path("v2"));
        Assert.Equal((HttpStatusCode.InternalServerError, "500"), (list, failure["code"]!.ToString()));
        Assert.Equal(HttpStatusCode.InternalServerError, (await widgets.CreateAsync("v2", "two", """{"host":"a","port":"1"}""")).Code);
        Assert.Equal(HttpStatusCode.InternalServerError, (await rig.PatchAsync(widgets.Path("v2") + "/one", """{"spec":{"host":"b"}}""")).Code);
        Assert.Equal("""{"address":"a:1"}""", (await rig.Rest.GetAsync(widgets.Path("v1") + "/one")).Body["spec"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, (await rig.PatchAsync(widgets.Path("v1") + "/one", """{"spec":{"address":"b:1"}}""")).Code);
        Assert.Equal(HttpStatusCode.OK, (await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Path("v1") + "/one")).Code);
        _hook = await WebhookServer.StartAsync(IPAddress.Loopback);
    }

    [Fact]
    public async Task Deletion_ThatWaitsForAWebhook_HoldsUpNoOtherDefinition()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        await widgets.StoreAsync("v2");
        using var gate = new ManualResetEventSlim();
        widgets.AnswerWith(question =>
        {
            gate.Wait();
            return ConversionRig.Converted(question, ConversionRig.Convert);
        });
        await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Definition);
        await Eventually.True(() => widgets.Questions.Any());

        await rig.DefineAsync(CustomRig.Definition(rig.NewGroup(), """{"type":"object"}"""));
        Assert.Equal(HttpStatusCode.OK, (await rig.Rest.GetAsync(widgets.Definition)).Code);
        gate.Set();
        await Eventually.True(async () => (await rig.Rest.GetAsync(widgets.Definition)).Code == HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Deletion_ThatAWebhookFails_SaysSoAndGoesOnWhenThatIsMended()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        await widgets.CreateAsync("v1", "one", """{"address":"a:1"}""");
        await widgets.StoreAsync("v2");
        widgets.AnswerWith(_ => new JsonObject { ["result"] = new JsonObject { ["status"] = "Failure", ["message"] = "not today" } });
        await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Definition);
        JsonNode? told = null;
        await Eventually.True(async () =>
            (told = CustomRig.Condition((await rig.Rest.GetAsync(widgets.Definition)).Body, "Terminating"))?["reason"]?.ToString() == "InstanceDeletionFailed");

        Assert.Equal(
            ("True", $"could not issue all deletes: conversion webhook for {widgets.Group}/v1, Kind=Widget failed: not today"), (told!["status"]!.ToString(), told["message"]!.ToString()));
        widgets.Answer(ConversionRig.Convert);
        await Eventually.True(async () => (await rig.Rest.GetAsync(widgets.Definition)).Code == HttpStatusCode.NotFound);
    }

    /// <summary>More fail than are deleted at once: who gave up at the first would never come to those behind them.</summary>
    [Fact]
    public async Task Deletion_ThatFailsForSome_RemovesTheOthers()
    {
        var widgets = await ConversionRig.StartAsync(rig, _hook);
        for (var i = 0; i < 20; i++)
            await widgets.CreateAsync("v1", $"a-{i}", """{"address":"a:1"}""");
        await widgets.StoreAsync("v2");
        await widgets.CreateAsync("v2", "b", """{"host":"b","port":"1"}""");
        widgets.AnswerWith(question => new JsonObject
        {
            ["result"] = new JsonObject { ["status"] = "Failure", ["message"] = question["objects"]![0]!["metadata"]!["name"]!.ToString() == "a-0" ? "not this" : "not today" },
        });
        await rig.Rest.SendAsync(HttpMethod.Delete, widgets.Definition);
        await Eventually.True(async () => (await rig.Rest.GetAsync(widgets.Path("v2") + "/b")).Code == HttpStatusCode.NotFound);

        var reason = $"conversion webhook for {widgets.Group}/v1, Kind=Widget failed:";
        await Eventually.True(async () => CustomRig.Condition((await rig.Rest.GetAsync(widgets.Definition)).Body, "Terminating")?["message"]?.ToString()
            == $"could not issue all deletes: [{reason} not this, {reason} not today]");
        widgets.Answer(ConversionRig.Convert);
        await Eventually.True(async () => (await rig.Rest.GetAsync(widgets.Definition)).Code == HttpStatusCode.NotFound);
    }

    private async Task AssertFailsAsync(ConversionRig widgets, string message)
    {
        var (code, status) = await rig.Rest.GetAsync(widgets.Path("v2") + "/one");
        Assert.Equal((HttpStatusCode.InternalServerError, "Failure"), (code, status["status"]!.ToString()));
        Assert.Null(status["reason"]);
        var expected = $"conversion webhook for {widgets.Group}/v1, Kind=Widget {message.Replace("GROUP", widgets.Group, StringComparison.Ordinal)}";
        Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape(expected).Replace("\\*", ".*", StringComparison.Ordinal)}$", status["message"]!.ToString());
    }

    private Task<(HttpStatusCode Code, JsonNode Body)> ApplyAsync(ConversionRig widgets, string version, string manager, string spec) => rig.Rest.SendAsync(
        HttpMethod.Patch, $"{widgets.Path(version)}/one?fieldManager={manager}", CustomRig.Widget(widgets.Group, "one", spec, version), "application/apply-patch+yaml");

    private async Task<IEnumerable<string>> SpecsAsync(string path) =>
        (await rig.Rest.GetAsync(path)).Body["items"]!.AsArray().Select(item => item!["spec"]!.ToJsonString());

    private async Task<IEnumerable<string>> NamesAsync(string path)
    {
        var (code, list) = await rig.Rest.GetAsync(path);
        Assert.True(code == HttpStatusCode.OK, list.ToJsonString());
        return list["items"]!.AsArray().Select(NameOf);
    }

    private static string NameOf(JsonNode? item) => item!["metadata"]!["name"]!.ToString();

    private static async Task<(string Type, string Name, string Spec)> NextAsync(StreamReader lines)
    {
        var change = JsonNode.Parse((await lines.ReadLineAsync())!)!;
        Assert.EndsWith("/v2", change["object"]!["apiVersion"]!.ToString(), StringComparison.Ordinal);
        return (change["type"]!.ToString(), change["object"]!["metadata"]!["name"]?.ToString() ?? "", change["object"]!["spec"]?.ToJsonString() ?? "");
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is JsonObject inner && target[name] is JsonObject below)
                Merge(below, inner);
            else
                target[name] = value?.DeepClone();
        }
    }
}
