using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

/// <summary>Every rule of the kinds, each broken by itself: the error's path, its cause's reason and its message, word by word.</summary>
/// <remarks>
/// mistakes.json has a line a mistake: the kind, whether it is made on create, update, status update or in the ephemeral containers, what the
/// object before has (<c>before</c>), what is set by it (<c>set</c>: JSON pointer and value; null removes) and all that is told of it
/// (<c>want</c>: an error, or a list of them, each <c>path|reason|message</c>; a star stands for the value of a struct that Go prints with
/// addresses of its memory).
/// </remarks>
public sealed class MistakeTests
{
    private const string Template = """{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i"}]}}""";
    private const string Workload = $$$$"""{"selector":{"matchLabels":{"app":"x"}},"template":{{{{Template}}}}}""";
    private const string Once = """{"metadata":{"labels":{"app":"x"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}""";

    private static readonly Dictionary<string, (string ApiVersion, string Body)> Good = new()
    {
        ["Pod"] = ("v1", """{"spec":{"containers":[{"name":"c","image":"i"}]},"status":{}}"""),
        ["ConfigMap"] = ("v1", "{}"),
        ["Secret"] = ("v1", """{"type":"Opaque"}"""),
        ["Node"] = ("v1", """{"metadata":{"name":"x"},"spec":{},"status":{}}"""),
        ["Namespace"] = ("v1", """{"metadata":{"name":"x"},"spec":{},"status":{"phase":"Active"}}"""),
        ["Service"] = ("v1", """{"spec":{"ports":[{"port":80}],"selector":{"app":"x"}},"status":{}}"""),
        ["Endpoints"] = ("v1", """{"subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}]}"""),
        ["EndpointSlice"] = ("discovery.k8s.io/v1", """{"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}],"ports":[{"port":80}]}"""),
        ["Binding"] = ("v1", """{"target":{"kind":"Node","name":"n"}}"""),
        ["ReplicationController"] = ("v1", $$$$"""{"spec":{"template":{{{{Template}}}}},"status":{"replicas":0}}"""),
        ["ReplicaSet"] = ("apps/v1", $$$$"""{"spec":{{{{Workload}}}},"status":{"replicas":0}}"""),
        ["Deployment"] = ("apps/v1", $$$$"""{"spec":{{{{Workload}}}},"status":{}}"""),
        ["DaemonSet"] = ("apps/v1", $$$$"""{"spec":{{{{Workload}}}},"status":{}}"""),
        ["StatefulSet"] = ("apps/v1", $$$$"""{"spec":{{{{Workload}}}},"status":{"replicas":0}}"""),
        ["Job"] = ("batch/v1", $$$$"""{"spec":{"manualSelector":true,"selector":{"matchLabels":{"app":"x"}},"template":{{{{Once}}}}},"status":{}}"""),
        ["CronJob"] = ("batch/v1", $$$$"""{"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{{{{Once}}}}}}},"status":{}}"""),
    };

    [Fact]
    public void EveryRule_Broken_IsToldWithItsPathReasonAndMessage()
    {
        var mistakes = JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Validation", "mistakes.json")))!.AsArray();
        var wrong = mistakes.Select(mistake => Wrong(mistake!.AsObject())).OfType<string>().ToList();

        Assert.True(mistakes.Count > 490);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {mistakes.Count} wrong:\n{string.Join('\n', wrong.Take(12))}");
    }

    [Fact]
    public void WhatTheMistakesAreMadeIn_IsWithoutOne() => Assert.All(Good.Keys, kind =>
    {
        var (obj, same) = (Object(kind, [], []), Object(kind, [], []));
        Assert.Empty(Validator.ValidateCreate(obj).Select(error => error.Message));
        if (kind is "Binding")
            return;
        Assert.Empty(Validator.ValidateUpdate(obj, same).Select(error => error.Message));
    });

    private static string? Wrong(JsonObject mistake)
    {
        var kind = mistake["kind"]!.ToString();
        var want = (mistake["want"] as JsonArray ?? [mistake["want"]!.ToString()]).Select(error => error!.ToString()).ToList();
        var before = mistake["before"]?.AsObject() ?? [];
        var errors = Errors(mistake["on"]?.ToString() ?? "create", Object(kind, before, []), Object(kind, before, mistake["set"]!.AsObject()));
        var told = errors.Select(error => $"{error.Path}|{error.CauseReason}|{error.Body}").ToList();
        var isTold = want.Count == told.Count && want.Zip(told).All(pair => IsLike(pair.First, pair.Second));
        return isTold ? null : $"{kind} {mistake["set"]!.ToJsonString()}\n  expected {string.Join("\n           ", want)}\n  told     {string.Join("\n           ", told)}";
    }

    private static bool IsLike(string want, string told) => want.Split(" value: *", 2) is [var start, var end]
        ? told.StartsWith(start + " value: ", StringComparison.Ordinal) && told.EndsWith(end, StringComparison.Ordinal) && end.Length > 0
        : told == want;

    private static List<FieldError> Errors(string on, IApiObject before, IApiObject after) => on switch
    {
        "create" => Validator.ValidateCreate(after),
        "update" => Validator.ValidateUpdate(after, before),
        "status" => Validator.ValidateStatusUpdate(after, before),
        _ => Validator.ValidateEphemeralContainers((Pod)after, (Pod)before),
    };

    // Defaults come before the mistakes, which may be that one is missing.
    private static IApiObject Object(string kind, JsonObject before, JsonObject set)
    {
        var (apiVersion, body) = Good[kind];
        var tree = JsonNode.Parse(body)!.AsObject();
        tree["metadata"] ??= new JsonObject { ["name"] = "x", ["namespace"] = "default" };
        var type = ResourceCatalog.FindKind(apiVersion, kind)!;
        var obj = (IApiObject)JsonCodec.FromNode(tree, type.Descriptor, FieldValidation.Strict, null);
        Defaults.Apply(obj);
        var made = JsonCodec.ToNode(obj).AsObject();
        foreach (var (path, value) in before.Concat(set))
            Set(made, path[1..].Split('/').Select(name => name.Replace("~1", "/", StringComparison.Ordinal)).ToList(), Grown(value));
        return (IApiObject)JsonCodec.FromNode(made, type.Descriptor, FieldValidation.Strict, null);
    }

    private static void Set(JsonNode at, List<string> names, JsonNode? value)
    {
        foreach (var name in names.Take(names.Count - 1))
        {
            if (at is JsonArray list)
                at = list[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)]!;
            else
                at = at.AsObject()[name] ??= new JsonObject();
        }

        at.AsObject().Remove(names[^1]);
        if (value is not null)
            at[names[^1]] = value;
    }

    // What is too much to be written down.
    private static JsonNode? Grown(JsonNode? value) => value switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Grown(member.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Grown)]),
        JsonValue text when text.GetValueKind() == JsonValueKind.String && text.ToString().Split('*') is [var what, var times] && int.TryParse(times, out var count) => what switch
        {
            "ports" => new JsonArray([.. Enumerable.Range(1, count).Select(port => new JsonObject { ["name"] = $"p{port}", ["protocol"] = "TCP" })]),
            "base64" => Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('x', count))),
            _ => new string('x', count),
        },
        _ => value?.DeepClone(),
    };
}
