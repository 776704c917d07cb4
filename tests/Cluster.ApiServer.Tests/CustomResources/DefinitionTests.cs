using System.Net;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.ApiServer.Tests.Registry;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>Definitions of added kinds: what is taken, what becomes of them, and what goes with them.</summary>
public sealed class DefinitionTests(CustomRig rig) : IClassFixture<CustomRig>
{
    private const string Anything = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    [Fact]
    public async Task Create_FillsInNamesAndIsEstablished()
    {
        var group = rig.NewGroup();
        await rig.DefineAsync(CustomRig.Definition(group, Anything));
        var (_, definition) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");

        Assert.Equal(("widget", "WidgetList"), (definition["spec"]!["names"]!["singular"]!.ToString(), definition["spec"]!["names"]!["listKind"]!.ToString()));
        Assert.Equal("None", definition["spec"]!["conversion"]!["strategy"]!.ToString());
        Assert.Equal("""["v1"]""", definition["status"]!["storedVersions"]!.ToJsonString());
        Assert.Equal("Widget", definition["status"]!["acceptedNames"]!["kind"]!.ToString());
        var accepted = CustomRig.Condition(definition, "NamesAccepted")!;
        Assert.Equal(("True", "NoConflicts", "no conflicts found"), (accepted["status"]!.ToString(), accepted["reason"]!.ToString(), accepted["message"]!.ToString()));
        Assert.Equal("InitialNamesAccepted", CustomRig.Condition(definition, "Established")!["reason"]!.ToString());
    }

    [Fact]
    public async Task Create_WithNamesOfAnother_IsNotAcceptedUntilThoseAreFree()
    {
        var group = rig.NewGroup();
        await rig.DefineAsync(CustomRig.Definition(group, Anything));
        var second = CustomRig.Definition(group, Anything);
        second["metadata"]!["name"] = $"others.{group}";
        second["spec"]!["names"]!["plural"] = "others";
        await rig.Rest.PostAsync(CustomRig.Definitions, second.ToJsonString());
        await Eventually.True(async () => CustomRig.Condition((await rig.Rest.GetAsync($"{CustomRig.Definitions}/others.{group}")).Body, "NamesAccepted") is not null);

        var (_, refused) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/others.{group}");
        var names = CustomRig.Condition(refused, "NamesAccepted")!;
        Assert.Equal(("False", "ListKindConflict", "\"WidgetList\" is already in use"), (names["status"]!.ToString(), names["reason"]!.ToString(), names["message"]!.ToString()));
        Assert.Equal("NotAccepted", CustomRig.Condition(refused, "Established")!["reason"]!.ToString());
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Rest.GetAsync($"/apis/{group}/v1/namespaces/default/others")).Code);

        await rig.Rest.SendAsync(HttpMethod.Delete, $"{CustomRig.Definitions}/widgets.{group}");
        await rig.EstablishedAsync($"others.{group}");
        Assert.Equal(HttpStatusCode.OK, (await rig.Rest.GetAsync($"/apis/{group}/v1/namespaces/default/others")).Code);
    }

    [Fact]
    public async Task Status_ThatTakesTheNamesOfAnother_StopsNoKind()
    {
        var group = rig.NewGroup();
        await rig.DefineAsync(CustomRig.Definition(group, Anything));
        var second = CustomRig.Definition(group, Anything);
        second["metadata"]!["name"] = $"others.{group}";
        second["spec"]!["names"] = new JsonObject { ["plural"] = "others", ["kind"] = "Other" };
        await rig.DefineAsync(second);
        using var watch = await rig.Rest.Client.GetAsync("/api/v1/namespaces/default/configmaps?watch=true", HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await watch.Content.ReadAsStreamAsync());

        foreach (var plural in new[] { "widgets", "" })
        {
            var (code, body) = await rig.Rest.SendAsync(
                HttpMethod.Patch, $"{CustomRig.Definitions}/others.{group}/status",
                $$$$"""{"status":{"acceptedNames":{"plural":"{{{{plural}}}}"}}}""", "application/merge-patch+json");
            Assert.True(code == HttpStatusCode.OK, body.ToJsonString());
            var name = $"after-{(plural.Length > 0 ? plural : "none")}";
            await rig.Rest.PostAsync("/api/v1/namespaces/default/configmaps", $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"}}""");
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (await events.ReadLineAsync(patience.Token) is { } line && !line.Contains(name, StringComparison.Ordinal))
            {
            }
        }

        Assert.Equal("OtherList", (await rig.Rest.GetAsync($"/apis/{group}/v1/namespaces/default/others")).Body["kind"]!.ToString());
        Assert.Equal("WidgetList", (await rig.Rest.GetAsync(CustomRig.Path(group))).Body["kind"]!.ToString());
    }

    [Fact]
    public async Task Delete_RemovesTheObjectsFirstAndEndsTheirWatches()
    {
        var (group, path) = await rig.WidgetsAsync(Anything);
        await rig.CreateAsync(group, "one", "{}");
        await rig.Rest.PostAsync(
            path, $$"""{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"held","finalizers":["example.com/hold"]} }""");
        using var watch = await rig.Rest.Client.GetAsync(path + "?watch=true", HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await watch.Content.ReadAsStreamAsync());

        var (deleted, answer) = await rig.Rest.SendAsync(HttpMethod.Delete, $"{CustomRig.Definitions}/widgets.{group}");
        Assert.True(deleted == HttpStatusCode.OK, answer.ToJsonString());
        await Eventually.True(async () => (await rig.Rest.GetAsync(path + "/one")).Code == HttpStatusCode.NotFound);
        var (_, leaving) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");
        Assert.Equal("InstanceDeletionInProgress", CustomRig.Condition(leaving, "Terminating")!["reason"]!.ToString());
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await rig.CreateAsync(group, "late", "{}")).Code);

        await rig.Rest.SendAsync(HttpMethod.Patch, path + "/held", """{"metadata":{"finalizers":null}}""", "application/merge-patch+json");
        await Eventually.True(async () => (await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}")).Code == HttpStatusCode.NotFound);
        // Ends with the stream: without its end this would wait for an hour.
        var all = await events.ReadToEndAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        Assert.Equal(2, all.Split('\n').Count(line => line.StartsWith("{\"type\":\"DELETED\"", StringComparison.Ordinal)));
        await Eventually.True(async () => (await rig.Rest.GetAsync(path)).Code == HttpStatusCode.NotFound);
    }

    /// <summary>Another server of the store may have let it in.</summary>
    [Fact]
    public async Task Delete_OfADefinitionThatCannotBeServed_LeavesNothingInTheStore()
    {
        var (group, path) = await rig.WidgetsAsync(Anything);
        await rig.CreateAsync(group, "one", "{}");
        var (host, type, name) = (rig.Rest.Core, ResourceCatalog.Definitions, $"widgets.{group}");
        var key = type.Key(null, name);
        var entry = (await host.Store.GetAsync(key, default))!;
        var definition = ((CustomResourceDefinition)StoredForm.Decode(type, entry).Object).Clone();
        definition.Spec.Conversion = new CustomResourceConversion { Strategy = "Webhook" };
        Assert.True((await host.Store.TxnAsync(new StoreTxn([new StoreCompare(key, entry.ModRevision)], [new StoreOp(key, StoredForm.Encode(type, definition))]), default)).Succeeded);
        await Eventually.True(async () => (await rig.Rest.GetAsync(path)).Code == HttpStatusCode.NotFound);

        await rig.Rest.SendAsync(HttpMethod.Delete, $"{CustomRig.Definitions}/{name}");
        await Eventually.True(async () => (await rig.Rest.GetAsync($"{CustomRig.Definitions}/{name}")).Code == HttpStatusCode.NotFound);
        Assert.Empty((await host.Store.RangeAsync($"/registry/{group}/", null, 0, 0, default)).Entries);
    }

    [Fact]
    public async Task Update_ToAnotherStorageVersion_RemembersBoth()
    {
        var group = rig.NewGroup();
        await rig.DefineAsync(CustomRig.Definition(group, Anything));
        await rig.CreateAsync(group, "one", """{"a":1}""");
        var (_, definition) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");
        var versions = definition["spec"]!["versions"]!.AsArray();
        var next = versions[0]!.DeepClone();
        next["name"] = "v2";
        versions[0]!["storage"] = false;
        versions.Add(next);
        var (_, updated) = await rig.Rest.SendAsync(HttpMethod.Put, $"{CustomRig.Definitions}/widgets.{group}", definition.ToJsonString());
        Assert.Equal("""["v1","v2"]""", updated["status"]!["storedVersions"]!.ToJsonString());
        Assert.Equal("2", updated["metadata"]!["generation"]!.ToString());
        await Eventually.True(async () => (await rig.Rest.GetAsync(CustomRig.Path(group, "v2") + "/one")).Code == HttpStatusCode.OK);

        updated["spec"]!["versions"]!.AsArray().RemoveAt(0);
        var (code, refused) = await rig.Rest.SendAsync(HttpMethod.Put, $"{CustomRig.Definitions}/widgets.{group}", updated.ToJsonString());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Contains("status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version", refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"x"}}""", """metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group""")]
    [InlineData("""{"spec":{"group":"plain"},"metadata":{"name":"widgets.plain"}}""", """spec.group: Invalid value: "plain": should be a domain with at least one dot""")]
    [InlineData("""{"spec":{"scope":"Galaxy"}}""", """spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced" """)]
    [InlineData("""{"spec":{"names":{"kind":"Wid_get"}}}""", "spec.names.kind: Invalid value: \"Wid_get\": may have mixed case, but should otherwise match: a DNS-1035 label")]
    [InlineData("""{"spec":{"names":{"listKind":"Widget"}}}""", "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same")]
    [InlineData("""{"spec":{"versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""", "must have exactly one version marked as storage version")]
    [InlineData("""{"spec":{"versions":[{"name":"v1","served":true,"storage":true}]}}""", "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Sorcery"}}}""", """spec.conversion.strategy: Unsupported value: "Sorcery": supported values: "None", "Webhook" """)]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook"}}}""", "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook"}}}""", "spec.conversion.conversionReviewVersions: Required value")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{},"conversionReviewVersions":["v1"]}}}}""", "spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"http://a.b/c"},"conversionReviewVersions":["v1"]}}}}""", "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"service":{"name":"s","namespace":"n","port":70000}},"conversionReviewVersions":["v1"]}}}}""", "spec.conversion.webhookClientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://a.b/c","caBundle":"eA=="},"conversionReviewVersions":["v1"]}}}}""", "spec.conversion.webhookClientConfig.caBundle: Invalid value: <bytes>: unable to load root certificates")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://a.b/c"},"conversionReviewVersions":["v9"]}}}}""", "spec.conversion.conversionReviewVersions: Invalid value: []string{\"v9\"}: must include at least one of v1, v1beta1")]
    [InlineData("""{"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://a.b/c"},"conversionReviewVersions":["v1","v1"]}}}}""", "spec.conversion.conversionReviewVersions[1]: Invalid value: \"v1\": duplicate version")]
    [InlineData("""{"spec":{"conversion":{"strategy":"None","webhook":{"clientConfig":{"url":"https://a.b/c"},"conversionReviewVersions":["v1"]}}}}""", "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook")]
    public async Task Create_WithAMistake_IsInvalidInKubernetesWords(string patch, string message)
    {
        var definition = CustomRig.Definition(rig.NewGroup(), Anything);
        var (code, status) = await rig.Rest.PostAsync(CustomRig.Definitions, Merge(definition, JsonNode.Parse(patch)!.AsObject()).ToJsonString());

        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Contains(message.TrimEnd(), status["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{}""", "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields")]
    [InlineData("""{"type":"array"}""", "properties[spec].items: Required value: must be specified")]
    [InlineData("""{"type":"array","items":{}}""", "properties[spec].items.type: Required value: must not be empty for specified array items")]
    [InlineData("""{"type":"null"}""", "properties[spec].type: Forbidden: type cannot be set to null, use nullable as an alternative")]
    [InlineData("""{"type":"object","additionalProperties":false}""", "properties[spec].additionalProperties: Forbidden: additionalProperties cannot be set to false")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}""", "additionalProperties and properties are mutual exclusive")]
    [InlineData("""{"type":"object","$ref":"#/x"}""", "properties[spec].$ref: Forbidden: $ref is not supported")]
    [InlineData("""{"type":"array","items":{"type":"string"},"uniqueItems":true}""", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")]
    [InlineData("""{"type":"string","pattern":"("}""", "properties[spec].pattern: Invalid value: \"(\": must be a valid regular expression, but isn't:")]
    [InlineData("""{"type":"object","anyOf":[{"type":"object"}]}""", "properties[spec].anyOf[0].type: Forbidden: must be empty to be structural")]
    [InlineData("""{"type":"object","anyOf":[{"properties":{"a":{"minimum":1}}}]}""", "properties[spec].properties[a]: Required value: because it is defined in spec.validation.openAPIV3Schema.properties[spec].anyOf[0].properties[a]")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"map","items":{"type":"object"}}""", "x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"set","items":{"type":"object"}}""", """items.x-kubernetes-map-type: Invalid value: "": must be atomic as item of a list with x-kubernetes-list-type=set""")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"set","items":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"}}""", """items.x-kubernetes-list-type: Invalid value: "set": must be atomic as item of a list with x-kubernetes-list-type=set""")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["a"],"items":{"type":"object","required":["a"],"properties":{"a":{"type":"string","nullable":true}}}}""", "items.properties[a].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"bag","items":{"type":"object"}}""", """x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map" """)]
    [InlineData("""{"type":"integer","default":"x"}""", """default: Invalid value: "string": """)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"default":{"b":1}}""", "must not have unknown fields: b")]
    [InlineData("""{"type":"object","x-kubernetes-validations":[{"rule":"true"}]}""", "properties[spec].x-kubernetes-validations: Forbidden: this server does not evaluate rules of the Common Expression Language")]
    public async Task Create_WithASchemaThatIsNotStructural_IsInvalid(string schema, string message)
    {
        var (code, status) = await rig.Rest.PostAsync(CustomRig.Definitions, CustomRig.Definition(rig.NewGroup(), schema).ToJsonString());

        Assert.True(code == HttpStatusCode.UnprocessableEntity, status.ToJsonString());
        Assert.Contains(message.TrimEnd(), status["message"]!.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Of each version it is said whether the status is a part of its own.</summary>
    [Theory]
    [InlineData("v1", "v2")]
    [InlineData("v2", "v1")]
    public async Task Update_ThroughAVersionWithAStatus_LeavesIt_AndThroughOneWithoutWritesIt(string with, string without)
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, Anything);
        var versions = definition["spec"]!["versions"]!.AsArray();
        var second = versions[0]!.DeepClone();
        (second["name"], second["storage"]) = ("v2", false);
        versions.Add(second);
        versions.Single(version => version!["name"]!.ToString() == with)!["subresources"] = new JsonObject { ["status"] = new JsonObject() };
        await rig.DefineAsync(definition);
        await rig.CreateAsync(group, "one", """{"a":1}""");

        var (_, kept) = await rig.PatchAsync(CustomRig.Path(group, with) + "/one", """{"status":{"seen":1}}""");
        Assert.Equal((null, "1"), (kept["status"], kept["metadata"]!["generation"]!.ToString()));
        var (_, seen) = await rig.PatchAsync(CustomRig.Path(group, with) + "/one/status", """{"status":{"seen":2}}""");
        Assert.Equal(("2", "1"), (seen["status"]?["seen"]?.ToString(), seen["metadata"]!["generation"]!.ToString()));
        var (_, written) = await rig.PatchAsync(CustomRig.Path(group, without) + "/one", """{"status":{"seen":3}}""");
        Assert.Equal(("3", "2"), (written["status"]?["seen"]?.ToString(), written["metadata"]!["generation"]!.ToString()));
    }

    [Fact]
    public async Task Update_ThatChangesNothingOfAnObjectInAnOldVersion_StoresTheVersionOfNow()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, Anything);
        var second = definition["spec"]!["versions"]![0]!.DeepClone();
        (second["name"], second["storage"]) = ("v2", false);
        definition["spec"]!["versions"]!.AsArray().Add(second);
        await rig.DefineAsync(definition);
        var (_, created) = await rig.CreateAsync(group, "one", """{"a":1}""");
        var (_, current) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");
        (current["spec"]!["versions"]![0]!["storage"], current["spec"]!["versions"]![1]!["storage"]) = (false, true);
        await rig.Rest.SendAsync(HttpMethod.Put, $"{CustomRig.Definitions}/widgets.{group}", current.ToJsonString());
        await Eventually.True(() => rig.Rest.Core.Registry.Resources.Find(group, "v2", "widgets") is { StoredVersion: null });

        var (code, same) = await rig.Rest.SendAsync(HttpMethod.Put, CustomRig.Path(group) + "/one", created.ToJsonString());
        var stored = (await rig.Rest.Core.Store.GetAsync($"/registry/{group}/widgets/default/one", default))!;
        var (_, again) = await rig.Rest.SendAsync(HttpMethod.Put, CustomRig.Path(group) + "/one", same.ToJsonString());

        Assert.Equal((HttpStatusCode.OK, "1"), (code, same["metadata"]!["generation"]!.ToString()));
        Assert.StartsWith($"{{\"apiVersion\":\"{group}/v2\"", System.Text.Encoding.UTF8.GetString(stored.Value.Span), StringComparison.Ordinal);
        Assert.Equal(same["metadata"]!["resourceVersion"]!.ToString(), again["metadata"]!["resourceVersion"]!.ToString());
    }

    [Fact]
    public async Task Create_WithASchemaNestedTooDeep_IsRefusedAndTheServerGoesOn()
    {
        var anything = JsonNode.Parse(Anything)!.ToJsonString();
        var open = string.Concat(Enumerable.Repeat("""{"type":"object","properties":{"a":""", 60));
        var deep = open + """{"type":"string"}""" + new string('}', 120);
        var (tooDeep, status) = await rig.Rest.PostAsync(CustomRig.Definitions, CustomRig.Definition(rig.NewGroup(), Anything).ToJsonString().Replace(anything, deep, StringComparison.Ordinal));
        var bottomless = CustomRig.Definition(rig.NewGroup(), Anything).ToJsonString()
            .Replace(anything, string.Concat(Enumerable.Repeat("{\"not\":", 4000)) + "{}" + new string('}', 4000), StringComparison.Ordinal);
        var (never, _) = await rig.Rest.PostAsync(CustomRig.Definitions, bottomless);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, tooDeep);
        Assert.Contains("schemas may be nested 40 deep", status["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, never);
    }

    [Fact]
    public async Task Definition_OnOneServer_IsServedByAnotherAndAfterARestart()
    {
        await using var registry = await RegistryRig.StartAsync();
        await using var other = await RegistryRig.HostOn(registry.Store);
        await registry.CreateAsync(Cluster.Api.Json.JsonCodec.Decode<Cluster.Api.ApiExtensionsV1.CustomResourceDefinition>(
            System.Text.Encoding.UTF8.GetBytes(CustomRig.Definition("many.example.com", Anything).ToJsonString())));
        await Eventually.True(() => registry.Registry.Resources.Find("many.example.com", "v1", "widgets") is not null);
        await Eventually.True(() => other.Registry.Resources.Find("many.example.com", "v1", "widgets") is not null);
        var type = registry.Registry.Resources.Find("many.example.com", "v1", "widgets")!;
        var scope = RegistryRig.Scope<Cluster.Api.CoreV1.ConfigMap>() with { Resource = type, Name = null };
        await registry.Registry.CreateAsync(
            scope, new Cluster.Api.Custom.CustomObject { Metadata = new() { Name = "one", Namespace = "default" } }, default);

        var there = other.Registry.Resources.Find("many.example.com", "v1", "widgets")!;
        var seen = await other.Registry.GetAsync(scope with { Resource = there, Name = "one" }, "", default);
        Assert.Contains("\"kind\":\"Widget\"", System.Text.Encoding.UTF8.GetString(seen.Json.Span), StringComparison.Ordinal);
        await registry.RestartWithoutHistoryAsync();
        var again = registry.Registry.Resources.Find("many.example.com", "v1", "widgets")!;
        Assert.Equal("one", ((Cluster.Api.IApiObject)(await registry.Registry.GetAsync(scope with { Resource = again, Name = "one" }, "", default)).Message).Metadata.Name);
        var stored = await registry.Store.GetAsync("/registry/many.example.com/widgets/default/one", default);
        Assert.StartsWith("{\"apiVersion\":\"many.example.com/v1\",\"kind\":\"Widget\"", System.Text.Encoding.UTF8.GetString(stored!.Value.Span), StringComparison.Ordinal);
    }

    private static JsonObject Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is JsonObject inner && target[name] is JsonObject below)
                Merge(below, inner);
            else
                target[name] = value?.DeepClone();
        }

        return target;
    }
}
